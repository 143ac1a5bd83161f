#include "fetch/retry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/ascii.h"
#include "fetch/http_date.h"
#include "fetch/status_range.h"
#include "fetch/url_text.h"

namespace fetchpool::engine {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Longer delays are this long: their sums with any clock's time stay in range.
constexpr milliseconds kLongestDelay = std::chrono::hours(24 * 365);

bool is_temporary(const RetryInput& input, const FetchOptions& options) {
  switch (input.outcome) {
    case Outcome::http_error:
      return contains(options.retry_on, input.response_code);
    case Outcome::dns:
      return input.dns_temporary;
    case Outcome::connect:
      return !input.connection_refused || options.retry_connrefused;
    case Outcome::timeout_connect:
    case Outcome::timeout:
    case Outcome::low_speed:
    case Outcome::empty_reply:
    case Outcome::reset:
    case Outcome::truncated:
      return true;
    default:
      return false;
  }
}

// Whether it says what became of an exchange, and that this went wrong.
bool is_failed_exchange(Outcome outcome) {
  switch (outcome) {
    case Outcome::http_error:
    case Outcome::dns:
    case Outcome::connect:
    case Outcome::timeout_connect:
    case Outcome::tls:
    case Outcome::timeout:
    case Outcome::low_speed:
    case Outcome::empty_reply:
    case Outcome::reset:
    case Outcome::truncated:
    case Outcome::protocol:
    case Outcome::decode:
    case Outcome::too_large:
    case Outcome::headers_too_large:
      return true;
    default:
      return false;
  }
}

double capped(double seconds, milliseconds cap) {
  if (cap <= milliseconds::zero() || cap > kLongestDelay) cap = kLongestDelay;
  return std::min(seconds, std::chrono::duration<double>(cap).count());
}

}  // namespace

bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kIdempotent{"GET", "HEAD",   "OPTIONS",
                                                        "PUT", "DELETE", "TRACE"};
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

bool may_be_sent_again(const RetryInput& input) {
  return !input.request_sent || input.repeat_unsafe_methods || is_idempotent(input.method);
}

std::optional<nanoseconds> retry_delay(const RetryInput& input, const FetchOptions& options) {
  if (input.attempt > options.retries) return std::nullopt;
  bool may_pass =
      options.retry_all_errors ? is_failed_exchange(input.outcome) : is_temporary(input, options);
  if (!may_pass || !may_be_sent_again(input)) return std::nullopt;
  const double base = std::chrono::duration<double>(options.retry_delay).count();
  const double longest = capped(std::ldexp(std::max(base, 0.0), std::max(input.attempt, 1) - 1),
                                options.max_retry_delay);
  double seconds = longest * input.random;
  if (input.retry_after && input.outcome == Outcome::http_error) {
    seconds = std::max(seconds, capped(*input.retry_after, options.max_retry_after));
  }
  auto delay = std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  bool too_late =
      options.retry_max_time.count() > 0 && input.elapsed + delay > options.retry_max_time;
  return too_late ? std::nullopt : std::optional(delay);
}

nanoseconds pause_length(std::uint32_t retry_after, const FetchOptions& options) {
  return std::chrono::duration_cast<nanoseconds>(
      std::chrono::duration<double>(capped(retry_after, options.max_retry_after)));
}

nanoseconds name_pause(nanoseconds waited, const FetchOptions& options) {
  constexpr nanoseconds kLeast = std::chrono::milliseconds(100);
  constexpr nanoseconds kMost = std::chrono::seconds(1);
  nanoseconds pause = std::clamp(waited / 4, kLeast, kMost);
  if (options.connect_timeout.count() == 0) return pause;
  nanoseconds left = options.connect_timeout - waited;
  return std::clamp<nanoseconds>(left, std::chrono::milliseconds(1), pause);
}

bool is_sent_again_uncounted(const RetryInput& input) {
  const bool closed = input.outcome == Outcome::empty_reply || input.outcome == Outcome::reset;
  return closed && input.stale_connection && may_be_sent_again(input);
}

std::optional<std::uint32_t> parse_retry_after(std::string_view value,
                                               std::chrono::system_clock::time_point now) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  value = trimmed(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::uint64_t seconds = 0;
    for (const char c : value) {
      seconds = std::min(seconds * 10 + static_cast<std::uint64_t>(c - '0'), kMost);
    }
    return static_cast<std::uint32_t>(seconds);
  }
  const auto today = std::chrono::floor<std::chrono::seconds>(now);
  const std::optional<std::chrono::sys_seconds> date = parse_http_date(value, today);
  if (!date) return std::nullopt;
  if (*date <= today) return 0;
  return static_cast<std::uint32_t>(
      std::min(static_cast<std::uint64_t>((*date - today).count()), kMost));
}

}  // namespace fetchpool::engine
