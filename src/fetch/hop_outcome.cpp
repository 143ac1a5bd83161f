#include "fetch/hop_outcome.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "fetch/address_class.h"
#include "fetch/status_range.h"

namespace fetchpool::engine {
namespace {

std::string reason_of(int error_number) {
  return std::generic_category().message(error_number);
}

HopOutcome failed(Outcome outcome, std::string error) {
  return {outcome, std::move(error), false, false};
}

bool is_reset(int error_number) {
  return error_number == ECONNRESET || error_number == EPIPE || error_number == ECONNABORTED;
}

HopOutcome short_of(std::string what) {
  HopOutcome shortage = failed(Outcome::connect, std::move(what));
  shortage.local_shortage = true;
  return shortage;
}

HopOutcome denied(const Observed& seen) {
  return failed(Outcome::addr_denied,
                seen.denied_address + " is " +
                    std::string(describe(address_class(seen.denied_address))) +
                    ", to which no connection is allowed");
}

HopOutcome ended_by_us(const Observed& seen) {
  switch (seen.abort) {
    case Observed::Abort::connect_late:
      return failed(Outcome::timeout_connect, seen.waits_for_name ? "the name look-up took too long"
                                              : seen.tcp_connected
                                                  ? "the TLS handshake took too long"
                                                  : "the connection took too long to make");
    case Observed::Abort::timeout:
      return failed(Outcome::timeout, seen.head->complete() ? "the body took too long to arrive"
                                                            : "the answer took too long");
    case Observed::Abort::low_speed:
      return failed(Outcome::low_speed, seen.head->complete() ? "the body came too slowly"
                                                              : "the answer came too slowly");
    case Observed::Abort::head_limit:
      return failed(Outcome::headers_too_large, seen.head->reason());
    case Observed::Abort::head_protocol:
      return failed(Outcome::protocol, seen.head->reason());
    case Observed::Abort::body:
      return failed(seen.decoding == body::Status::too_large ? Outcome::too_large : Outcome::decode,
                    seen.decoding_reason);
    case Observed::Abort::name:
      if (seen.name == NameAnswer::Kind::local_shortage) break;
      return failed(Outcome::dns, seen.failure_text);
    case Observed::Abort::name_pending:
      return {Outcome::cancelled, {}, std::nullopt, false};
    case Observed::Abort::address:
      return denied(seen);
    case Observed::Abort::no_space:
    case Observed::Abort::none:
      break;
  }
  return short_of(seen.failure_text);
}

HopOutcome never_ready(const Observed& seen) {
  if (is_local_shortage(seen.socket_errno)) return short_of(reason_of(seen.socket_errno));
  if (!seen.socket_opened && !seen.denied_address.empty()) return denied(seen);
  if (seen.failure == Observed::Failure::proxy) return failed(Outcome::connect, seen.failure_text);
  if (!seen.socket_opened) return failed(Outcome::dns, seen.failure_text);
  bool tls = seen.tcp_connected || seen.failure == Observed::Failure::tls;
  if (!tls)
    return failed(Outcome::connect,
                  seen.socket_errno ? reason_of(seen.socket_errno) : seen.failure_text);
  return failed(Outcome::tls, seen.failure_text);
}

// The transfer failed although the connection stood.
HopOutcome broken_off(const Observed& seen) {
  using Failure = Observed::Failure;
  const ResponseHead& head = *seen.head;
  if (seen.failure == Failure::tls && head.size() == 0)
    return failed(Outcome::tls, seen.failure_text);
  if (seen.failure == Failure::header_limit)
    return failed(Outcome::headers_too_large, "a header line is too long");
  bool senseless = seen.failure == Failure::not_http || seen.failure == Failure::framing;
  if (senseless) return failed(Outcome::protocol, seen.failure_text);
  // Not before: libcurl keeps the errno of a kept connection that was reset when it asked again.
  if (is_reset(seen.socket_errno)) return failed(Outcome::reset, "the server reset the connection");
  if (seen.failure == Failure::stream_reset)
    return failed(Outcome::reset, "the server reset the HTTP/2 stream");
  if (head.size() == 0)
    return failed(Outcome::empty_reply, "the server closed the connection without an answer");
  return failed(Outcome::truncated, head.complete()
                                        ? "the connection was closed before the end of the body"
                                        : "the connection was closed within the headers");
}

bool is_wanted(const Observed& seen, int status) {
  return seen.ok_status ? contains(*seen.ok_status, status) : status >= 200 && status <= 299;
}

// A part of the page came for a request of all of it. "2xx" does not say that this will do.
bool is_unasked_part(const Observed& seen, int status) {
  if (status != 206 || seen.part_wanted) return false;
  return !seen.ok_status ||
         std::none_of(seen.ok_status->begin(), seen.ok_status->end(), [](const StatusRange& range) {
           bool all_2xx = range.first <= 200 && range.last >= 299;
           return !all_2xx && range.first <= 206 && range.last >= 206;
         });
}

// The transfer came to its end: is what came whole, and what does it say?
HopOutcome ended(const Observed& seen) {
  const ResponseHead& head = *seen.head;
  if (head.size() == 0)
    return failed(Outcome::empty_reply, "the server closed the connection without an answer");
  if (!head.complete())
    return failed(Outcome::truncated, "the connection was closed within the headers");
  ContentLength length = head.chunked() ? ContentLength{} : head.content_length();
  if (seen.body_expected) {
    if (length.state == ContentLength::State::conflicting)
      return failed(Outcome::truncated, "the headers name several lengths that differ");
    if (length.state == ContentLength::State::valid && seen.wire_bytes < length.value)
      return failed(Outcome::truncated, "the connection was closed before the end of the body");
    if (seen.decoding == body::Status::truncated)
      return failed(Outcome::truncated, seen.decoding_reason);
    if (seen.decoding != body::Status::finished)
      return failed(seen.decoding == body::Status::too_large ? Outcome::too_large : Outcome::decode,
                    seen.decoding_reason);
  }
  HopOutcome result;
  bool proven = !seen.body_expected || head.chunked() ||
                (head.version() == "2" && seen.end_of_stream) ||
                length.state == ContentLength::State::valid;
  if (proven) result.complete = true;
  if (seen.conditional && head.status() == 304) {
    result.outcome = Outcome::not_modified;
  } else if (!is_wanted(seen, head.status())) {
    result.outcome = Outcome::http_error;
    result.error = "the server answered " + std::to_string(head.status());
  } else if (is_unasked_part(seen, head.status())) {
    result.outcome = Outcome::http_error;
    result.error = "the server answered 206 with a part of the page, which was not asked for";
  }
  return result;
}

}  // namespace

bool is_local_shortage(int error_number) {
  switch (error_number) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:
      return true;
    default:
      return false;
  }
}

HopOutcome decide_outcome(const Observed& seen) {
  if (seen.abort != Observed::Abort::none) return ended_by_us(seen);
  if (seen.failure == Observed::Failure::none) return ended(seen);
  return seen.connection_ready ? broken_off(seen) : never_ready(seen);
}

}  // namespace fetchpool::engine
