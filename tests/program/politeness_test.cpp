// Servers are spared as the user asks, and as they ask themselves.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"

namespace fetchpool::test {
namespace {

// When the requests to one address arrived, as seen by an origin that may itself be late.
std::vector<double> arrivals(const Origin& origin, const std::string& address) {
  std::vector<double> times;
  for (const Arrival& arrival : origin.log())
    if (arrival.host.rfind(address + ":", 0) == 0) times.push_back(arrival.milliseconds);
  return times;
}

double least_gap(const std::vector<double>& times) {
  double least = 1e9;
  for (std::size_t i = 1; i < times.size(); ++i) least = std::min(least, times[i] - times[i - 1]);
  return least;
}

// Of pages of the first address and the second in turn.
std::vector<std::string> urls_of_two_hosts(const Origin& origin, int count) {
  std::vector<std::string> urls;
  for (int i = 0; i < count; ++i)
    urls.push_back(origin.url(i % 2 ? "127.0.0.2" : "127.0.0.1", "/ok?n=" + std::to_string(i)));
  return urls;
}

std::string date_in(int seconds) {
  std::time_t then = std::time(nullptr) + seconds;
  char text[64];
  std::tm parts{};
  gmtime_r(&then, &parts);
  std::strftime(text, sizeof text, "%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT", &parts);
  return text;
}

const OriginOptions kTwoHosts{.addresses = {"127.0.0.1", "127.0.0.2"}, .certificate = {}};

}  // namespace

TEST_CASE("a host that asks for a pause gets it, and another one is served meanwhile") {
  for (bool as_date : {false, true}) {
    std::string value = as_date ? date_in(2) : "1";
    INFO(value);
    Origin origin(kTwoHosts);
    std::vector<std::string> urls = {
        origin.url("127.0.0.1", "/retry-after?code=429&value=" + value)};
    for (const auto& url : urls_of_two_hosts(origin, 200)) urls.push_back(url);
    Finished done = fetchpool({"--no-body", "--per-host", "1"}).args(urls).run();
    CHECK(done.ok());
    auto records = read_records(done.out);
    REQUIRE(records.size() == 201);
    CHECK(records[0].num_attempts == 2);
    auto paused = arrivals(origin, "127.0.0.1");
    auto served = arrivals(origin, "127.0.0.2");
    REQUIRE(paused.size() == 102);
    REQUIRE(served.size() == 100);
    // A date has no fractions: the pause to it is as much as a second shorter than it looks.
    CHECK(paused[1] - paused[0] >= 960);
    CHECK(served.back() < paused[1]);
  }
}

TEST_CASE("a pause is no longer than allowed") {
  Origin origin;
  Finished done =
      fetchpool({"--no-body", "--max-retry-after", "200ms", origin.url("/retry-after?value=3000")})
          .run();
  CHECK(done.ok());
  auto times = arrivals(origin, "127.0.0.1");
  REQUIRE(times.size() == 2);
  CHECK(least_gap(times) >= 170);
}

TEST_CASE("a --wait is kept at each host, and the hosts go side by side") {
  Origin origin(kTwoHosts);
  Finished done =
      fetchpool({"--no-body", "--wait", "150ms"}).args(urls_of_two_hosts(origin, 10)).run();
  CHECK(done.ok());
  for (const char* address : {"127.0.0.1", "127.0.0.2"}) {
    auto times = arrivals(origin, address);
    REQUIRE(times.size() == 5);
    CHECK(least_gap(times) >= 120);
  }
  auto all = origin.log();
  CHECK(all.back().milliseconds - all.front().milliseconds < 1200);
}

TEST_CASE("a --random-wait is from half of it to one and a half") {
  Origin origin;
  std::vector<std::string> urls;
  for (int i = 0; i < 8; ++i) urls.push_back(origin.url("/ok?n=" + std::to_string(i)));
  Finished done = fetchpool({"--no-body", "--wait", "100ms", "--random-wait"}).args(urls).run();
  CHECK(done.ok());
  auto times = arrivals(origin, "127.0.0.1");
  REQUIRE(times.size() == 8);
  CHECK(least_gap(times) >= 35);
}

// The first of them arrives a little late on a busy machine.
TEST_CASE("a --rate holds over all hosts and workers, --rate-per-host at each") {
  Origin origin(kTwoHosts);
  auto urls = urls_of_two_hosts(origin, 20);
  Finished done = fetchpool({"--no-body", "-p", "2", "--rate", "20/s"}).args(urls).run();
  CHECK(done.ok());
  auto all = origin.log();
  REQUIRE(all.size() == 20);
  CHECK(all.back().milliseconds - all.front().milliseconds >= 800);
  origin.reset_counts();
  done = fetchpool({"--no-body", "-p", "2", "--rate-per-host", "20/s"}).args(urls).run();
  CHECK(done.ok());
  all = origin.log();
  REQUIRE(all.size() == 20);
  double took = all.back().milliseconds - all.front().milliseconds;
  CHECK(took >= 370);
  CHECK(took < 19 * 50);
}

TEST_CASE("a --limit-rate holds in total, for one large page and for many small ones") {
  Origin origin;
  // 400 KB at 400 KB a second, less the burst that a start may have; the time limit is no limit for
  // what is held back, and one for a server that is silent.
  for (bool one : {true, false}) {
    INFO(one);
    std::vector<std::string> urls;
    for (int i = 0; i < (one ? 1 : 40); ++i)
      urls.push_back(origin.url("/ok?size=" + std::to_string(one ? 400'000 : 10'000) +
                                "&i=" + std::to_string(i)));
    auto begin = std::chrono::steady_clock::now();
    Finished done = fetchpool({"--no-body", "-p", "2", "--limit-rate", "400000", "-m", "500ms",
                               "--retry", "0", origin.url("/hang")})
                        .args(urls)
                        .run();
    auto took = std::chrono::steady_clock::now() - begin;
    auto records = read_records(done.out);
    CHECK(count_of(records, "timeout") == 1);
    CHECK(count_of(records, "ok") == static_cast<long>(urls.size()));
    CHECK(took >= std::chrono::milliseconds(700));
    CHECK(took < std::chrono::seconds(5));
  }
}

TEST_CASE("redirects and attempts are requests that count in a rate") {
  Origin origin;
  Finished done = fetchpool({"--no-body", "--rate", "10/s", "--retry-delay", "1ms",
                             origin.url("/redirect/3"), origin.url("/flaky?fail=1")})
                      .run();
  CHECK(done.ok());
  auto all = origin.log();
  REQUIRE(all.size() >= 5);
  CHECK(all.back().milliseconds - all.front().milliseconds >=
        static_cast<double>(all.size() - 1) * 85);
}

TEST_CASE("a dead host is given up and the others are not") {
  Origin origin;
  ClosedPort closed;
  std::string dead = "http://127.0.0.1:" + std::to_string(closed.port()) + "/";
  std::vector<std::string> urls;
  for (int i = 0; i < 60; ++i) {
    urls.push_back(dead + std::to_string(i));
    urls.push_back(origin.url("/ok?n=" + std::to_string(i)));
  }
  Finished done =
      fetchpool({"--no-body", "--per-host", "2", "--max-host-errors", "5"}).args(urls).run();
  CHECK(done.status == 4);
  auto records = read_records(done.out);
  REQUIRE(records.size() == 120);
  CHECK(are_in_order(records));
  CHECK(count_of(records, "ok") == 60);
  CHECK(count_of(records, "connect") == 60);
  auto tried = std::count_if(records.begin(), records.end(), [](const Record& record) {
    return record.outcome == "connect" && record.num_attempts > 0;
  });
  CHECK(tried >= 5);
  CHECK(tried <= 7);
  CHECK(records[118].error == "not requested: 5 requests in a row to this host failed");
}

TEST_CASE("with --ok-status the user says what a failure is, with --retry-on what is tried again") {
  Origin origin;
  Finished done =
      fetchpool({"--ok-status", "2xx,404", "--retry-delay", "1ms", "--retry-on", "418,500-599",
                 origin.url("/status/404"), origin.url("/status/418"), origin.url("/status/429"),
                 origin.url("/status/501"), origin.url("/ok?size=3")})
          .run();
  CHECK(done.status == 8);
  auto records = read_records(done.out);
  REQUIRE(records.size() == 5);
  CHECK(records[0].outcome == "ok");
  CHECK(records[0].exit_code == 0);
  CHECK(records[0].num_attempts == 1);
  CHECK(records[1].num_attempts == 3);
  CHECK(records[2].num_attempts == 1);
  CHECK(records[3].num_attempts == 3);
  CHECK(records[4].ok);
}

TEST_CASE(
    "with --retry-all-errors there are attempts after what would be final, --retry-max-time ends "
    "them") {
  Origin origin;
  Finished done =
      fetchpool({"--retry-all-errors", "--retry-delay", "1ms", origin.url("/flaky?fail=2&how=404"),
                 origin.url("/http09"), "ftp://nowhere/", "nonsense"})
          .run();
  auto records = read_records(done.out);
  REQUIRE(records.size() == 4);
  CHECK(records[0].outcome == "ok");
  CHECK(records[0].num_attempts == 3);
  CHECK(records[1].outcome == "protocol");
  CHECK(records[1].num_attempts == 3);
  CHECK(records[2].num_attempts == 0);
  CHECK(records[3].num_attempts == 0);
  done = fetchpool({"--retry", "1000", "--retry-max-time", "300ms",
                    origin.url("/retry-after?times=100&value=1")})
             .run();
  records = read_records(done.out);
  REQUIRE(records.size() == 1);
  CHECK(records[0].num_attempts == 1);
  CHECK(records[0].response_code == 503);
}

}  // namespace fetchpool::test
