// Whether and when a failed attempt is made again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fetchpool/fetch.h"
#include "fetchpool/outcome.h"

namespace fetchpool::engine {

struct RetryInput {
  Outcome outcome = Outcome::ok;
  int response_code = 0;            // for http_error
  bool dns_temporary = false;       // for dns: the name service failed, the name may exist
  bool connection_refused = false;  // for connect

  std::string_view method = "GET";
  bool request_sent = false;  // bytes of the request went out
  // For empty_reply and reset: the connection had served a request before, and no byte of an
  // answer to this one came.
  bool stale_connection = false;
  bool repeat_unsafe_methods = false;  // send POST and PATCH again, too

  int attempt = 1;                             // the attempt that failed, from 1
  std::chrono::nanoseconds elapsed{0};         // since the first attempt began
  double random = 0;                           // from [0, 1)
  std::optional<std::uint32_t> retry_after{};  // seconds, as the response asked for
};

// How long to wait before the next attempt, or nothing where there is none. Full jitter: a random
// part of min(max_retry_delay, retry_delay * 2^(attempt-1)), so that what failed together does not
// come back together; the Retry-After of an HTTP response counts where it is longer, up to
// max_retry_after. A maximum of 0 is no limit. No attempt begins later than retry_max_time.
std::optional<std::chrono::nanoseconds> retry_delay(const RetryInput& input,
                                                    const FetchOptions& options);

// How long a host is left alone that asked for so many seconds.
std::chrono::nanoseconds pause_length(std::uint32_t retry_after, const FetchOptions& options);
// How long a host is left alone whose name has been looked up for `waited` without an answer: the
// longer, the longer, but not past the time to connect.
std::chrono::nanoseconds name_pause(std::chrono::nanoseconds waited, const FetchOptions& options);
// Whether a request of that method may be made twice without harm (RFC 9110 section 9.2.2). Methods
// that nobody knows may not.
bool is_idempotent(std::string_view method);

// Whether the request may be made again at all: it never went out, or it does no harm twice.
bool may_be_sent_again(const RetryInput& input);

// Whether the request is sent again at once, on a new connection, without counting as an attempt:
// the server closed a kept connection as the request was on its way (RFC 9112 section 9.3.1).
bool is_sent_again_uncounted(const RetryInput& input);

// What a Retry-After header says (RFC 9110 section 10.2.3), in seconds from now: a number or a
// date. A date in the past is 0; more than fits is the largest value; anything else is nothing.
std::optional<std::uint32_t> parse_retry_after(std::string_view value,
                                               std::chrono::system_clock::time_point now);

}  // namespace fetchpool::engine
