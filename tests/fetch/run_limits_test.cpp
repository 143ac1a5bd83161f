#include "fetch/run_limits.h"

#include <poll.h>

#include <algorithm>

#include "support/catch.h"
#include "support/origin.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;
using engine::RunLimits;

const TimePoint kRunBegin{};

// CHECK cannot print an enum class.
bool goes_on(const RunLimits& limits, TimePoint now = kRunBegin) {
  return limits.reached(now) == RunLimit::none;
}

FetchOptions options_with(int concurrency) {
  FetchOptions options;
  options.processes = 2;
  options.concurrency = concurrency;
  options.per_host = 0;
  return options;
}

long count_of(const std::vector<FetchResult>& results, Outcome outcome) {
  return std::count_if(results.begin(), results.end(),
                       [&](const FetchResult& result) { return result.outcome == outcome; });
}

}  // namespace

TEST_CASE("without limits a run goes on", "[limits]") {
  RunLimits limits({}, kRunBegin);
  for (int i = 0; i < 1000; ++i) limits.add(false, 1U << 30);
  CHECK(goes_on(limits, kRunBegin + 1000h));
  CHECK_FALSE(limits.end());
}

TEST_CASE("a run ends at each of its limits", "[limits]") {
  RunLimits time({.stop_after = 10s}, kRunBegin);
  CHECK(goes_on(time, kRunBegin + 9999ms));
  CHECK((time.reached(kRunBegin + 10s) == RunLimit::time));
  CHECK((time.end() == kRunBegin + 10s));

  RunLimits bytes({.max_total_bytes = 1024}, kRunBegin);
  bytes.add(true, 1023);
  CHECK(goes_on(bytes));
  bytes.add(false, 1);
  CHECK((bytes.reached(kRunBegin) == RunLimit::bytes));

  RunLimits failures({.max_failures = 2}, kRunBegin);
  failures.add(false, 0);
  for (int i = 0; i < 100; ++i) failures.add(true, 0);
  CHECK(goes_on(failures));
  failures.add(false, 0);
  CHECK((failures.reached(kRunBegin) == RunLimit::failures));
}

TEST_CASE("a share of failures is judged once there are enough URLs", "[limits]") {
  RunLimits limits({.max_failures_percent = 10}, kRunBegin);
  for (int i = 0; i < 5; ++i) limits.add(false, 0);
  CHECK(goes_on(limits));
  for (int i = 0; i < 44; ++i) limits.add(true, 0);
  CHECK(goes_on(limits));
  limits.add(true, 0);
  CHECK((limits.reached(kRunBegin) == RunLimit::failures_percent));
  limits.add(true, 0);
  CHECK(goes_on(limits));
}

TEST_CASE("fetch_all() has a result for every URL where a limit ends the run", "[limits]") {
  test::Origin origin;
  auto urls = origin.urls("/status/404?", 8999);
  urls.push_back("ftp://127.0.0.1/");  // nobody gets as far as looking at it
  FetchOptions options = options_with(4);
  options.max_failures = 10;
  auto results = fetch_all(urls, options);
  REQUIRE(results.size() == urls.size());
  CHECK(count_of(results, Outcome::http_error) >= 10);
  CHECK(count_of(results, Outcome::http_error) < 200);
  CHECK(count_of(results, Outcome::http_error) + count_of(results, Outcome::cancelled) == 9000);
  CHECK(results.back().outcome == Outcome::cancelled);
  for (std::size_t i : {std::size_t{0}, urls.size() - 1}) {
    CHECK(results[i].seq == i);
    CHECK(results[i].input == urls[i]);
  }
}

TEST_CASE("a Fetcher stops by itself, and says by which limit", "[limits]") {
  test::Origin origin;
  FetchOptions options = options_with(2);
  options.max_total_bytes = 50'000;
  Fetcher fetcher(options);
  for (const auto& url : origin.urls("/ok?size=1000&", 500)) fetcher.submit(url);
  CHECK((fetcher.limit_reached() == RunLimit::none));
  std::vector<FetchResult> results;
  while (fetcher.unfinished() > 0)
    for (FetchResult& result : fetcher.wait(10s)) results.push_back(std::move(result));
  CHECK((fetcher.limit_reached() == RunLimit::bytes));
  CHECK(fetcher.room() == 0);
  CHECK(count_of(results, Outcome::ok) >= 50);
  CHECK(count_of(results, Outcome::ok) < 100);
  CHECK(count_of(results, Outcome::ok) + count_of(results, Outcome::cancelled) == 500);
}

TEST_CASE("a Fetcher whose time is up makes its descriptor readable", "[limits]") {
  FetchOptions options = options_with(1);
  options.stop_after = 300ms;
  Fetcher fetcher(options);
  fetcher.wait(0s);
  // Nothing was submitted: time alone is to be told of.
  while (fetcher.limit_reached() == RunLimit::none) {
    struct pollfd ready {
      fetcher.poll_fd(), POLLIN, 0
    };
    REQUIRE(poll(&ready, 1, 20'000) == 1);
    fetcher.wait(0s);
  }
  CHECK((fetcher.limit_reached() == RunLimit::time));
  CHECK(fetcher.room() == 0);
}

}  // namespace fetchpool
