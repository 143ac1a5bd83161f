#include "cli/run_limits.h"

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool::cli;
using namespace std::chrono_literals;

TEST_CASE("without limits a run goes on", "[limits]") {
  RunLimits limits({});
  for (int i = 0; i < 1000; ++i) limits.add(false, 1U << 30);
  CHECK_FALSE(limits.reached(1000h));
  CHECK_FALSE(limits.time_left(1000h));
}

TEST_CASE("a run ends at each of its limits", "[limits]") {
  RunLimits time({.time = 10s});
  CHECK_FALSE(time.reached(9999ms));
  CHECK(time.reached(10s) == "10.0 s have passed");
  CHECK(*time.time_left(4s) == 6s);
  CHECK(*time.time_left(14s) == 0s);

  RunLimits bytes({.bytes = 1024});
  bytes.add(true, 1023);
  CHECK_FALSE(bytes.reached(0s));
  bytes.add(false, 1);
  CHECK(bytes.reached(0s) == "1.0 KiB were fetched");

  RunLimits failures({.failures = 2});
  failures.add(false, 0);
  for (int i = 0; i < 100; ++i) failures.add(true, 0);
  CHECK_FALSE(failures.reached(0s));
  failures.add(false, 0);
  CHECK(failures.reached(0s) == "2 URLs failed");
}

TEST_CASE("a share of failures is judged once there are enough URLs", "[limits]") {
  RunLimits limits({.failures_percent = 10});
  for (int i = 0; i < 5; ++i) limits.add(false, 0);
  CHECK_FALSE(limits.reached(0s));
  for (int i = 0; i < 44; ++i) limits.add(true, 0);
  CHECK_FALSE(limits.reached(0s));
  limits.add(true, 0);
  CHECK(limits.reached(0s) == "10 % of 50 URLs failed");
  limits.add(true, 0);
  CHECK_FALSE(limits.reached(0s));
}

TEST_CASE("failures are a number or a share", "[limits]") {
  RunLimitOptions options;
  parse_failures("7", options);
  CHECK(options.failures == 7);
  parse_failures("5%", options);
  CHECK(options.failures == 0);
  CHECK(options.failures_percent == 5);
  for (const char* wrong : {"", "%", "0%", "101%", "-1", "x", "5 %"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_failures(wrong, options), UsageError);
  }
}
