#include "cli/request_reader.h"

#include <set>

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;

namespace {

std::optional<ListEntry> read(RequestReader& reader, std::string line) {
  return reader.read({std::move(line), false});
}

// The outcome of a line that needs no request.
std::optional<Outcome> known(const std::optional<ListEntry>& entry) {
  auto* result = std::get_if<FetchResult>(&entry.value().more);
  return result ? std::optional(result->outcome) : std::nullopt;
}

}  // namespace

TEST_CASE("lines become what is to be fetched", "[request_reader]") {
  Arguments arguments;
  arguments.default_scheme = "http";
  RequestReader reader(arguments);
  CHECK(read(reader, "a/b")->text == "http://a/b");
  auto entry = read(reader, R"({"url":"a/b","id":"7"})");
  CHECK(std::get<FetchRequest>(entry->more).url == "http://a/b");
  CHECK(known(read(reader, "{nonsense")) == Outcome::bad_url);
  CHECK(known(reader.read({std::string(70000, 'x'), true})) == Outcome::bad_url);
}

TEST_CASE("with --dedupe the second of two equal requests is a duplicate", "[request_reader]") {
  Arguments arguments;
  arguments.dedupe = true;
  RequestReader reader(arguments);
  CHECK_FALSE(known(read(reader, "http://a/")));
  CHECK(known(read(reader, "HTTP://A:80/#part")) == Outcome::duplicate);
  auto again = read(reader, "http://a\tmine");
  CHECK(known(again) == Outcome::duplicate);
  CHECK(std::get<FetchResult>(again->more).id == "mine");
  CHECK(std::get<FetchResult>(again->more).url == "http://a/");
  CHECK_FALSE(known(read(reader, R"({"url":"http://a/","body":"x"})")));
  CHECK_FALSE(known(read(reader, R"({"url":"http://a/","body":"y"})")));
  CHECK(known(read(reader, R"({"url":"http://a/","body":"x"})")) == Outcome::duplicate);
  CHECK_FALSE(known(read(reader, "not a url")));
  CHECK_FALSE(known(read(reader, "not a url")));
}

TEST_CASE("the shards of a list are the list, and share nothing", "[request_reader]") {
  for (bool by_host : {false, true}) {
    CAPTURE(by_host);
    std::set<std::string> seen;
    std::set<std::string> hosts;
    for (int number = 1; number <= 3; ++number) {
      Arguments arguments;
      arguments.shard = {number, 3, by_host};
      RequestReader reader(arguments);
      std::set<std::string> of_this;
      for (int i = 0; i < 300; ++i) {
        std::string host = "http://h" + std::to_string(i % 40) + "/";
        auto entry = read(reader, host + std::to_string(i));
        if (!entry) continue;
        CHECK(seen.insert(entry->text).second);
        of_this.insert(host);
      }
      CHECK_FALSE(of_this.empty());
      if (by_host)
        for (const std::string& host : of_this) CHECK(hosts.insert(host).second);
    }
    CHECK(seen.size() == 300);
  }
}

TEST_CASE("a shard is a part of so many", "[request_reader]") {
  CHECK(parse_shard("2/4").number == 2);
  CHECK(parse_shard("2/4").count == 4);
  for (const char* wrong : {"", "1", "0/4", "5/4", "a/4", "1/0", "1/2/3", "/"})
    CHECK_THROWS_AS(parse_shard(wrong), UsageError);
}

TEST_CASE("the part of a host never changes", "[request_reader]") {
  // XXH3 of scheme://host:port, modulo 4.
  const std::vector<std::pair<std::string, int>> parts = {
      {"http://example.com/a", 2}, {"HTTP://Example.com:80/b", 2},
      {"https://example.com/", 4}, {"http://example.com:8080/", 2},
      {"http://[::1]/", 2},        {"https://www.debian.org/", 4}};
  for (const auto& [url, part] : parts) {
    for (int number = 1; number <= 4; ++number) {
      CAPTURE(url, number);
      Arguments arguments;
      arguments.shard = {number, 4, true};
      RequestReader reader(arguments);
      CHECK(read(reader, url).has_value() == (number == part));
    }
  }
}
