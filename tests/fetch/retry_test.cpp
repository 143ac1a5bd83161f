#include "fetch/retry.h"

#include <set>
#include <string>

#include "support/catch.h"

namespace fetchpool::engine {

namespace {

using namespace std::chrono_literals;

bool retried(const RetryInput& input, const FetchOptions& options = {}) {
  return retry_delay(input, options).has_value();
}

// 1994-11-06 08:49:37 UTC, the example of RFC 9110.
const std::chrono::system_clock::time_point kExample{784111777s};

}  // namespace

TEST_CASE("failures that may pass are tried again, others are not", "[retry]") {
  const std::set<Outcome> temporary{Outcome::connect,   Outcome::timeout_connect, Outcome::timeout,
                                    Outcome::low_speed, Outcome::empty_reply,     Outcome::reset,
                                    Outcome::truncated};
  for (int i = 0; i < kOutcomeCount; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    INFO(name(outcome));
    CHECK(retried({.outcome = outcome, .response_code = 200}) == (temporary.count(outcome) == 1));
  }
}

TEST_CASE("statuses that may pass are tried again", "[retry]") {
  const std::set<int> temporary{408, 425, 429, 500, 502, 503, 504, 522, 524};
  for (int code = 100; code < 1000; ++code) {
    INFO(code);
    CHECK(retried({.outcome = Outcome::http_error, .response_code = code}) ==
          (temporary.count(code) == 1));
  }
}

TEST_CASE("only a name service that failed is asked again", "[retry]") {
  CHECK(retried({.outcome = Outcome::dns, .dns_temporary = true}));
  CHECK_FALSE(retried({.outcome = Outcome::dns}));
}

TEST_CASE("a refused connection is tried again only where asked", "[retry]") {
  const RetryInput refused{.outcome = Outcome::connect, .connection_refused = true};
  FetchOptions options;
  CHECK_FALSE(retried(refused, options));
  options.retry_connrefused = true;
  CHECK(retried(refused, options));
}

TEST_CASE("there are as many retries as allowed", "[retry]") {
  FetchOptions options;
  options.retries = 2;
  CHECK(retried({.outcome = Outcome::reset, .attempt = 2}, options));
  CHECK_FALSE(retried({.outcome = Outcome::reset, .attempt = 3}, options));
  options.retries = 0;
  CHECK_FALSE(retried({.outcome = Outcome::reset}, options));
}

TEST_CASE("a POST is not sent twice after bytes of it went out", "[retry]") {
  for (const char* method : {"POST", "PATCH", "QUERY2"}) {
    RetryInput input{.outcome = Outcome::reset, .method = method, .request_sent = true};
    INFO(method);
    CHECK_FALSE(retried(input));
    input.repeat_unsafe_methods = true;
    CHECK(retried(input));
    input.repeat_unsafe_methods = false;
    input.request_sent = false;
    CHECK(retried(input));
  }
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    CHECK(retried({.outcome = Outcome::reset, .method = method, .request_sent = true}));
  }
}

TEST_CASE("delays grow by two with full jitter up to their maximum", "[retry]") {
  FetchOptions options;
  options.retries = 1000;
  options.retry_delay = 1s;
  options.max_retry_delay = 60s;
  const auto delay = [&](int attempt, double random) {
    return retry_delay({.outcome = Outcome::reset, .attempt = attempt, .random = random}, options);
  };
  CHECK(delay(1, 0) == 0ns);
  CHECK(delay(1, 0.5) == 500ms);
  CHECK(delay(2, 0.5) == 1s);
  CHECK(delay(4, 0.25) == 2s);
  CHECK(delay(7, 0.5) == 30s);
  CHECK(delay(1000, 0.5) == 30s);
  options.max_retry_delay = 0ms;
  CHECK(delay(7, 0.5) == 32s);
  CHECK(delay(1000, 0.5) == 24h * 365 / 2);
  options.retry_delay = 0ms;
  CHECK(delay(1000, 0.5) == 0ns);
}

TEST_CASE("a longer Retry-After wins, up to its maximum", "[retry]") {
  FetchOptions options;
  options.max_retry_after = 300s;
  const auto delay = [&](std::optional<std::uint32_t> retry_after, Outcome outcome) {
    return retry_delay(
        {.outcome = outcome, .response_code = 503, .random = 0.5, .retry_after = retry_after},
        options);
  };
  CHECK(delay(std::nullopt, Outcome::http_error) == 500ms);
  CHECK(delay(0, Outcome::http_error) == 500ms);
  CHECK(delay(7, Outcome::http_error) == 7s);
  CHECK(delay(1'000'000'000, Outcome::http_error) == 300s);
  CHECK(delay(7, Outcome::truncated) == 500ms);
  options.max_retry_after = 0ms;
  CHECK(delay(4000, Outcome::http_error) == 4000s);
}

TEST_CASE("a request that met a closing connection is sent again uncounted", "[retry]") {
  RetryInput input{.outcome = Outcome::empty_reply, .request_sent = true, .stale_connection = true};
  CHECK(is_sent_again_uncounted(input));
  input.outcome = Outcome::reset;
  CHECK(is_sent_again_uncounted(input));
  input.method = "POST";
  CHECK_FALSE(is_sent_again_uncounted(input));
  input.method = "GET";
  input.stale_connection = false;
  CHECK_FALSE(is_sent_again_uncounted(input));
  CHECK_FALSE(is_sent_again_uncounted({.outcome = Outcome::timeout, .stale_connection = true}));
}

TEST_CASE("Retry-After in seconds is read", "[retry]") {
  CHECK(parse_retry_after("120", kExample) == 120u);
  CHECK(parse_retry_after(" 0 ", kExample) == 0u);
  CHECK(parse_retry_after("007", kExample) == 7u);
  CHECK(parse_retry_after("4294967295", kExample) == 4294967295u);
  CHECK(parse_retry_after("4294967296", kExample) == 4294967295u);
  CHECK(parse_retry_after(std::string(5000, '9'), kExample) == 4294967295u);
}

TEST_CASE("Retry-After as a date is read in its three forms", "[retry]") {
  for (const char* date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    DYNAMIC_SECTION(date) {
      CHECK(parse_retry_after(date, kExample - 90s) == 90u);
      CHECK(parse_retry_after(date, kExample - 90s - 1ms) == 91u);
      CHECK(parse_retry_after(date, kExample) == 0u);
      CHECK(parse_retry_after(date, kExample + 1h) == 0u);
    }
  }
  CHECK(parse_retry_after("Thu Nov 10 08:49:37 1994", kExample) == 4u * 86400);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:60 GMT", kExample) == 23u);
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kExample) == 4294967295u);
  CHECK(parse_retry_after("Thu, 01 Jan 0001 00:00:00 GMT", kExample) == 0u);
}

TEST_CASE("a year of two digits lies at most 50 years ahead", "[retry]") {
  CHECK(parse_retry_after("Sunday, 06-Nov-44 08:49:37 GMT", kExample).value() > 0);
  CHECK(parse_retry_after("Sunday, 06-Nov-45 08:49:37 GMT", kExample) == 0u);
  CHECK(parse_retry_after("Sunday, 06-Nov-01 08:49:37 GMT", kExample).value() > 0);
}

TEST_CASE("a Retry-After that says nothing is ignored", "[retry]") {
  for (const char* value : {"",
                            " ",
                            "-5",
                            "-999999999999",
                            "+5",
                            "1.5",
                            "5s",
                            "soon",
                            "120, 60",
                            "0x10",
                            "Sun, 06 Nov 1994 08:49:37",
                            "Sun, 06 Nov 1994 08:49:37 CET",
                            "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 00 Nov 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 24:00:00 GMT",
                            "Sun, 06 Nov 1994 08:60:00 GMT",
                            "Sun, 06 Nov 1994 08:49:61 GMT",
                            "Son, 06 Nov 1994 08:49:37 GMT",
                            "Sun, 06 nov 1994 08:49:37 GMT",
                            "Sun, -6 Nov 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 08:49:37 GMT x",
                            "Sun Nov   6 08:49:37 1994",
                            "1994-11-06T08:49:37Z"}) {
    DYNAMIC_SECTION(value) {
      CHECK_FALSE(parse_retry_after(value, kExample));
    }
  }
}

TEST_CASE("a host whose name takes long is left alone, but not past the time to connect",
          "[retry]") {
  FetchOptions options;
  options.connect_timeout = 10s;
  CHECK(name_pause(0s, options) == 100ms);
  CHECK(name_pause(2s, options) == 500ms);
  CHECK(name_pause(9s, options) == 1s);
  CHECK(name_pause(9900ms, options) == 100ms);
  CHECK(name_pause(10s, options) == 1ms);
  CHECK(name_pause(11s, options) == 1ms);
  options.connect_timeout = 0s;
  CHECK(name_pause(1h, options) == 1s);
}

}  // namespace fetchpool::engine
