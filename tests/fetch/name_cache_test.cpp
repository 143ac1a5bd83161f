#include "fetch/name_cache.h"

#include "fetch/host_names.h"
#include "fetch/late_failures.h"
#include "support/catch.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;
using Kind = NameAnswer::Kind;

const TimePoint kStart{1000h};

NameAnswer found(const std::string& address) {
  return {Kind::found, {address}, {}};
}

TEST_CASE("an unknown name has to be looked up", "[names]") {
  NameCache cache;
  CHECK_FALSE(cache.find("a.test", kStart).answer);
}

TEST_CASE("an address is fresh for five minutes and good enough for an hour", "[names]") {
  NameCache cache;
  cache.put("a.test", found("1.2.3.4"), kStart);
  auto at = [&](Clock::duration later) { return cache.find("a.test", kStart + later); };
  REQUIRE(at(299s).answer);
  CHECK(at(299s).answer->addresses == std::vector<std::string>{"1.2.3.4"});
  CHECK_FALSE(at(299s).is_old);
  REQUIRE(at(300s).answer);
  CHECK(at(300s).is_old);
  CHECK(at(3599s).answer);
  CHECK_FALSE(at(3600s).answer);
}

TEST_CASE("that a name does not exist is believed for a minute", "[names]") {
  NameCache cache;
  cache.put("a.test", {Kind::not_found, {}, "not found"}, kStart);
  CHECK(cache.find("a.test", kStart + 59s).answer);
  CHECK_FALSE(cache.find("a.test", kStart + 60s).answer);
}

TEST_CASE("a name service that fails takes nothing away", "[names]") {
  NameCache cache;
  cache.put("new.test", {Kind::failed, {}, "failed"}, kStart);
  CHECK_FALSE(cache.find("new.test", kStart).answer);
  cache.put("a.test", found("1.2.3.4"), kStart);
  cache.put("a.test", {Kind::failed, {}, "failed"}, kStart + 400s);
  cache.put("a.test", {Kind::local_shortage, {}, "failed"}, kStart + 400s);
  REQUIRE(cache.find("a.test", kStart + 401s).answer);
  CHECK(cache.find("a.test", kStart + 401s).answer->kind == Kind::found);
}

TEST_CASE("a failure that came late is kept for two seconds, the last of a name", "[names]") {
  LateFailures failures;
  failures.put("a.test", {Kind::failed, {}, "first"}, kStart);
  failures.put("b.test", {Kind::failed, {}, "other"}, kStart);
  failures.put("a.test", {Kind::failed, {}, "second"}, kStart + 1s);
  REQUIRE(failures.find("a.test", kStart + 1s));
  CHECK(failures.find("a.test", kStart + 1s)->error == "second");
  CHECK(failures.find("b.test", kStart + 1999ms));
  CHECK_FALSE(failures.find("b.test", kStart + 2s));
  CHECK_FALSE(failures.find("c.test", kStart + 1s));
  failures.put("d.test", {Kind::failed, {}, "late"}, kStart + 10s);
  CHECK_FALSE(failures.find("a.test", kStart + 10s));
  CHECK(failures.find("d.test", kStart + 10s));
  failures.forget("d.test");
  CHECK_FALSE(failures.find("d.test", kStart + 10s));
}

TEST_CASE("an answer replaces the one before", "[names]") {
  NameCache cache;
  cache.put("a.test", found("1.2.3.4"), kStart);
  cache.put("a.test", found("5.6.7.8"), kStart + 400s);
  CHECK(cache.find("a.test", kStart + 401s).answer->addresses[0] == "5.6.7.8");
  CHECK_FALSE(cache.find("a.test", kStart + 401s).is_old);
  cache.forget("a.test");
  CHECK_FALSE(cache.find("a.test", kStart + 401s).answer);
}

TEST_CASE("only so many names are kept, and the oldest go first", "[names]") {
  NameCache cache(3);
  for (int i = 0; i < 3; ++i) cache.put("n" + std::to_string(i), found("1.1.1.1"), kStart + i * 1s);
  cache.put("n0", found("2.2.2.2"), kStart + 10s);
  CHECK(cache.find("n0", kStart + 10s).answer);
  CHECK(cache.find("n1", kStart + 10s).answer);
  cache.put("n3", found("1.1.1.1"), kStart + 11s);
  CHECK(cache.find("n0", kStart + 11s).answer);
  CHECK_FALSE(cache.find("n1", kStart + 11s).answer);
}

TEST_CASE("libcurl is told of an address once a second, for each port", "[names]") {
  NameCache cache;
  cache.put("a.test", found("1.2.3.4"), kStart);
  CHECK_FALSE(cache.was_told("a.test", 80, kStart));
  CHECK(cache.was_told("a.test", 80, kStart + 999ms));
  CHECK_FALSE(cache.was_told("a.test", 443, kStart + 999ms));
  CHECK_FALSE(cache.was_told("a.test", 443, kStart + 2s));
  CHECK(cache.was_told("a.test", 443, kStart + 2s));
  cache.put("a.test", found("5.6.7.8"), kStart + 2s);
  CHECK_FALSE(cache.was_told("a.test", 443, kStart + 2s));
  CHECK_FALSE(cache.was_told("unknown.test", 80, kStart));
}

TEST_CASE("hosts that are addresses have no name to look up", "[names]") {
  for (const char* url :
       {"http://127.0.0.1/", "http://127.0.0.1:8080/x", "http://[::1]:80/", "https://10.0.0.1/?a@b",
        "http://[fe80::1%25eth0]/", "http://localhost/", "https://a.localhost:1/"}) {
    INFO(url);
    CHECK_FALSE(named_host(url));
  }
  struct Row {
    const char* url;
    const char* name;
    int port;
  };
  for (const Row& row : {Row{"http://example.com/", "example.com", 80},
                         {"https://example.com/", "example.com", 443},
                         {"http://example.com.:8080/?q=a:1/", "example.com.", 8080},
                         {"http://1.2.3.4.5/", "1.2.3.4.5", 80},
                         {"http://256.1.1.1:81/", "256.1.1.1", 81},
                         {"http://notlocalhost/", "notlocalhost", 80}}) {
    INFO(row.url);
    auto host = named_host(row.url);
    REQUIRE(host);
    CHECK(host->name == row.name);
    CHECK(host->port == row.port);
  }
}

}  // namespace
}  // namespace fetchpool::engine
