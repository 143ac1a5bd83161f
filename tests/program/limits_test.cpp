#include <sys/resource.h>
#include <algorithm>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/nginx.h"
#include "support/origin.h"
#include "support/site.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

std::string many(const Origin& origin, const std::string& host, const std::string& target,
                 int count) {
  std::string list;
  for (int i = 0; i < count; ++i)
    list += origin.url(host, target + "&i=" + std::to_string(i)) + "\n";
  return list;
}

TEST_CASE("a body above the limit of file sizes kills no worker, and says what it met") {
  Origin origin;
  Finished done = Command("prlimit")
                      .args({"--fsize=2000000", program_path("fetchpool"), "--retry", "0",
                             origin.url("/ok?size=20000000"), origin.url("/ok?size=10")})
                      .run();
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 2);
  CHECK_THAT(records[0].error, ContainsSubstring("File too large"));
  REQUIRE(records[0].body);
  CHECK(records[0].body->size() > 8000000);
  CHECK(records[0].body->size() <= static_cast<std::size_t>(records[0].size_body));
  CHECK(origin_body("/ok?size=20000000", 20000000).starts_with(*records[0].body));
  CHECK(records[1].ok);
  CHECK(done.err.find("replaced") == std::string::npos);
  // Cut within a character, as far as one can foresee it.
  std::string letters = "x";
  for (int i = 0; i < 6000000; ++i) letters += "\u0416";
  origin.put("/letters", letters);
  Finished cut = Command("prlimit")
                     .args({"--fsize=2000000", program_path("fetchpool"), "--retry", "0",
                            origin.url("/letters")})
                     .run();
  std::vector<Record> of_letters = read_records(cut.out);
  REQUIRE(of_letters.size() == 1);
  REQUIRE(of_letters[0].body);
  CHECK(of_letters[0].body->size() > 8000000);
  CHECK(letters.starts_with(*of_letters[0].body));
  // Not even the memory that processes share can be made.
  Finished none =
      Command("prlimit").args({"--fsize=1000", program_path("fetchpool"), origin.url("/ok")}).run();
  CHECK(none.status == 1);
  CHECK_THAT(none.err, ContainsSubstring("File too large"));
}

TEST_CASE("option --per-host holds for each host") {
  Origin origin({.addresses = {"127.0.0.1", "127.0.0.2"}, .certificate = {}});
  std::string list = many(origin, "127.0.0.1", "/slow/a?ms=20", 100) +
                     many(origin, "127.0.0.2", "/slow/b?ms=20", 100);
  for (int processes : {1, 2, 3}) {
    CAPTURE(processes);
    origin.reset_counts();
    Finished done = fetchpool({"--per-host", "5", "-p", std::to_string(processes), "--no-body"})
                        .stdin_text(list)
                        .run();
    CHECK(done.status == 0);
    CHECK(origin.counts("/slow/a").requests == 100);
    CHECK(origin.counts("/slow/a").most == 5);
    CHECK(origin.counts("/slow/b").most == 5);
  }
}

TEST_CASE("6 transfers at once to a host, unless said otherwise") {
  Origin origin;
  std::string list = many(origin, "127.0.0.1", "/slow/a?ms=50", 60);
  CHECK(fetchpool({"--no-body"}).stdin_text(list).run().status == 0);
  CHECK(origin.counts("/slow/a").most == 6);
}

TEST_CASE("option -j holds over all hosts and workers") {
  Origin origin({.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"}, .certificate = {}});
  std::string list;
  for (const char* host : {"127.0.0.1", "127.0.0.2", "127.0.0.3"})
    list += many(origin, host, "/slow?ms=20", 60);
  Finished done =
      fetchpool({"-j", "7", "--per-host", "0", "-p", "2", "--no-body"}).stdin_text(list).run();
  CHECK(done.status == 0);
  CHECK(origin.counts("/slow").requests == 180);
  CHECK(origin.counts("/slow").most == 7);
}

TEST_CASE("connections are used again") {
  Origin origin;
  std::string list = many(origin, "127.0.0.1", "/ok?size=100", 500);
  CHECK(fetchpool({"--per-host", "4"}).stdin_text(list).run().status == 0);
  // Questions of the test itself have connections of their own.
  CHECK(origin.connections().requests < 20);
}

TEST_CASE("what fails for a while is tried again") {
  Origin origin;
  for (const char* how : {"503", "429", "close", "reset", "cut"}) {
    CAPTURE(how);
    std::string target = std::string("/flaky?fail=1&how=") + how;
    Record record = read_records(fetchpool({origin.url(target)}).run().out).at(0);
    CHECK(record.outcome == "ok");
    // A connection that is closed without an answer may have been a stale one only if it was used
    // before; this one is new.
    CHECK(record.num_attempts == 2);
  }
}

TEST_CASE("a timeout is tried again") {
  Origin origin;
  Finished done = fetchpool({"-m", "1", origin.url("/flaky?fail=1&how=hang")}).run();
  CHECK(read_records(done.out).at(0).outcome == "ok");
  CHECK(read_records(done.out).at(0).num_attempts == 2);
}

TEST_CASE("attempts end where --retry says") {
  Origin origin;
  for (int retries : {0, 1, 3}) {
    CAPTURE(retries);
    std::string target = "/flaky?fail=100&key=" + std::to_string(retries);
    Finished done = fetchpool({"--retry", std::to_string(retries), origin.url(target)}).run();
    Record record = read_records(done.out).at(0);
    CHECK(done.status == 8);
    CHECK(record.outcome == "http_error");
    CHECK(record.response_code == 503);
    CHECK(record.num_attempts == retries + 1);
  }
}

TEST_CASE("what is final is not tried again") {
  Origin origin;
  for (const char* target : {"/status/404", "/status/501", "/garbage", "/redirect-loop"}) {
    CAPTURE(target);
    Record record = read_records(fetchpool({origin.url(target)}).run().out).at(0);
    CHECK(record.num_attempts == 1);
  }
}

TEST_CASE("a refused connection is tried again only if asked for") {
  ClosedPort closed;
  CHECK(read_records(fetchpool({closed.url()}).run().out).at(0).num_attempts == 1);
  Finished again = fetchpool({"--retry", "1", "--retry-connrefused", closed.url()}).run();
  CHECK(read_records(again.out).at(0).num_attempts == 2);
}

TEST_CASE("Retry-After pauses the host that asked, and no other") {
  Origin origin({.addresses = {"127.0.0.1", "127.0.0.2"}, .certificate = {}});
  std::string list = origin.url("127.0.0.1", "/retry-after?value=2&key=one") + "\n" +
                     origin.url("127.0.0.2", "/ok?size=1") + "\n";
  Finished done = fetchpool().stdin_text(list).run();
  CHECK(done.status == 0);
  std::vector<Arrival> log = origin.log();
  std::vector<double> asked;
  for (const Arrival& arrival : log)
    if (arrival.target.starts_with("/retry-after")) asked.push_back(arrival.milliseconds);
  REQUIRE(asked.size() == 2);
  CHECK(asked[1] - asked[0] >= 1950);
  CHECK(read_records(done.out).at(0).num_attempts == 2);
}

TEST_CASE("a host that asked for a pause gets no request before its time") {
  Origin origin;
  std::string list =
      origin.url("/ok?size=1&n=first") + "\n" + origin.url("/retry-after?value=2&key=one") + "\n";
  for (int n = 0; n < 40; ++n) list += origin.url("/ok?size=1&n=" + std::to_string(n)) + "\n";
  Finished done = fetchpool({"--per-host", "1", "-p", "1"}).stdin_text(list).run();
  CHECK(done.status == 0);
  CHECK(read_records(done.out).size() == 42);
  std::vector<Arrival> log = origin.log();
  REQUIRE(log.size() == 43);
  auto asked = std::find_if(log.begin(), log.end(), [](const Arrival& arrival) {
    return arrival.target.starts_with("/retry-after");
  });
  REQUIRE(asked + 1 < log.end());
  CHECK((asked + 1)->milliseconds - asked->milliseconds >= 1950);
}

TEST_CASE("a senseless Retry-After is no reason to wait") {
  Origin origin;
  for (const char* value : {"-999999999999", "soon", "Thu,%2001%20Jan%201970%2000:00:00%20GMT"}) {
    CAPTURE(value);
    std::string target = std::string("/retry-after?value=") + value;
    Finished done = fetchpool({origin.url(target)}).run();
    CHECK(done.status == 0);
    CHECK(done.took < 20s);
  }
}

TEST_CASE("option -m limits an attempt with all its redirects") {
  Origin origin;
  Finished done =
      fetchpool({"-m", "1", "--retry", "0", origin.url("/redirect/1?to=/slow%3Fms=20000")}).run();
  CHECK(done.status == 4);
  CHECK(read_records(done.out).at(0).outcome == "timeout");
  CHECK(done.took >= 1s);
  CHECK(done.took < 15s);
}

TEST_CASE("waiting for a turn does not count as time of the URL") {
  Origin origin;
  // 10 turns of 300 ms on one slot are three times the limit.
  std::string list = many(origin, "127.0.0.1", "/slow?ms=300", 10);
  Finished done = fetchpool({"-m", "1500ms", "-j", "1", "--retry", "0"}).stdin_text(list).run();
  CHECK(done.status == 0);
}

TEST_CASE("option --connect-timeout ends connecting and handshakes that hang") {
  BlackholePort blackhole;
  ListeningPort silent;
  Finished done = fetchpool({"--connect-timeout", "500ms", "--retry", "0", blackhole.url(),
                             silent.url("https")})
                      .run();
  CHECK(done.status == 4);
  CHECK(count_of(read_records(done.out), "timeout_connect") == 2);
  CHECK(done.took < 15s);
}

TEST_CASE("option --max-filesize is what a body may have, sent or unpacked") {
  Origin origin;
  auto outcome = [&](const std::string& target, const std::string& size) {
    return read_records(fetchpool({"--max-filesize", size, origin.url(target)}).run().out)
        .at(0)
        .outcome;
  };
  CHECK(outcome("/ok?size=1024", "1024") == "ok");
  CHECK(outcome("/ok?size=1025", "1K") == "too_large");
  CHECK(outcome("/chunked?size=1024", "1K") == "ok");
  CHECK(outcome("/chunked?size=1025", "1K") == "too_large");
  CHECK(outcome("/gzip?size=4096", "4096") == "ok");
  CHECK(outcome("/gzip?size=4097", "4096") == "too_large");
  CHECK(outcome("/endless-body?length=5000000000", "4M") == "too_large");
  CHECK(outcome("/gzip?size=100000", "0") == "ok");
}

TEST_CASE("option --max-redirs is how many are followed") {
  Origin origin;
  auto record = [&](const std::string& target, const std::vector<std::string>& arguments) {
    return read_records(fetchpool(arguments).arg(origin.url(target)).run().out).at(0);
  };
  CHECK(record("/redirect/20", {}).outcome == "ok");
  CHECK(record("/redirect/20", {}).num_redirects == 20);
  CHECK(record("/redirect/21", {}).outcome == "too_many_redirects");
  CHECK(record("/redirect/2", {"--max-redirs", "2"}).outcome == "ok");
  CHECK(record("/redirect/3", {"--max-redirs", "2"}).outcome == "too_many_redirects");
  Record final = record("/redirect/1", {"--max-redirs", "0"});
  CHECK(final.outcome == "http_error");
  CHECK(final.response_code == 302);
}

TEST_CASE("few descriptors mean fewer transfers, and all URLs are fetched") {
  Origin origin;
  std::string list;
  for (int i = 0; i < 300; ++i) list += origin.url("/slow?ms=2&i=" + std::to_string(i)) + "\n";
  for (rlim_t files : {rlim_t{26}, rlim_t{64}}) {
    CAPTURE(files);
    Finished done = fetchpool({"-j", "64", "--per-host", "0", "-p", "2", "--no-body"})
                        .limit(RLIMIT_NOFILE, files)
                        .stdin_text(list)
                        .run();
    CHECK(done.status == 0);
    CHECK(count_of(read_records(done.out), "ok") == 300);
    CHECK_THAT(done.err, ContainsSubstring("concurrency lowered"));
  }
}

}  // namespace
}  // namespace fetchpool::test
