// How the fetching of one URL can end: a closed list.
#pragma once

#include <optional>
#include <string_view>

namespace fetchpool {

// Every URL ends in exactly one of these. Decided from framing, decoding, socket errors and timers,
// so that the same fault has the same name whatever version of libcurl is underneath.
enum class Outcome {
  ok,                  // a final response with an accepted status, its body whole as far as known
  http_error,          // a final response with another status
  bad_url,             // not a URL that can be requested
  unsupported_scheme,  // neither http nor https
  addr_denied,         // the address is refused by policy
  dns,                 // the name was not found, or the name service failed
  connect,             // refused or unreachable
  timeout_connect,     // not connected in time
  tls,                 // handshake or verification failed
  timeout,             // the attempt as a whole took too long
  low_speed,           // too few bytes for too long
  empty_reply,         // the server closed without an answer
  reset,               // the connection was reset
  truncated,           // headers, body or compressed stream end too early
  protocol,            // the answer is not HTTP
  decode,              // unknown, wrong or corrupt content coding
  too_large,           // more bytes than allowed, on the wire or decoded
  headers_too_large,   // more header bytes or lines than allowed
  too_many_redirects,  // a loop, or more hops than allowed
  redirect_denied,     // a redirect that must not be followed
  robots,              // disallowed by robots.txt; nothing reads that yet
  skipped_existing,    // was there already
  not_modified,        // 304 to a request with If-None-Match or If-Modified-Since
  duplicate,           // the same URL stood in the list before
  worker_crash,        // killed its worker process repeatedly while it ran alone
  cancelled,           // the run was stopped first
};
inline constexpr int kOutcomeCount = static_cast<int>(Outcome::cancelled) + 1;

// The name used in records: "ok", "http_error", ...
std::string_view name(Outcome outcome);
std::optional<Outcome> outcome_from_name(std::string_view name);

// Whether the URL ended as its list wanted: ok, skipped_existing, not_modified, duplicate.
bool is_success(Outcome outcome);

// The exit status that a run with only this result has: 0, or 4 (network), 5 (TLS), 6 (401 and
// 407), 7 (protocol and refusals), 8 (other statuses), 9 (cancelled). `response_code` matters for
// http_error only.
int exit_code(Outcome outcome, int response_code);

}  // namespace fetchpool
