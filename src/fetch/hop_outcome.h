// What a hop came to, from what was observed of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fetch/decoder.h"
#include "fetch/name_answer.h"
#include "fetch/response_head.h"
#include "fetchpool/fetch_options.h"
#include "fetchpool/outcome.h"

namespace fetchpool::engine {

// What was seen of one transfer, in terms of framing, decoding, sockets and timers: things that
// mean the same in every version of libcurl.
struct Observed {
  // Why we ended it ourselves, if we did.
  enum class Abort {
    none,
    timeout,        // the attempt's time was up
    connect_late,   // it did not stand in time
    low_speed,      // too few bytes came for too long
    head_limit,     // the response's head is beyond its limits; see `head`
    head_protocol,  // the response's head is no HTTP; see `head`
    body,           // the body is too large or its coding wrong; see `decoding`
    no_space,       // the body could not be kept here; see `failure_text`
    name,           // the host's name has no address, or could not be looked up; see `name`
    name_pending,   // the name service is slow: the hop waits elsewhere
    address,        // a connection kept alive leads where it must not; see `denied_address`
  } abort = Abort::none;

  // How libcurl ended it. A coarse reading of its error, used only where the phase that was
  // reached and the socket's error leave it open.
  enum class Failure {
    none,
    nothing_came,  // closed before the first byte of an answer
    closed,        // closed before what was announced had come
    not_http,      // the answer made no sense
    framing,       // the chunks made no sense
    header_limit,  // a header line beyond what libcurl takes
    tls,           // the handshake or the certificate
    stream_reset,  // of HTTP/2: the server gave this answer up
    proxy,         // the proxy was not found, or refuses
    other,
  } failure = Failure::none;
  std::string failure_text;

  // Where its addresses had to be asked for, what came of that; see `failure_text`.
  NameAnswer::Kind name = NameAnswer::Kind::found;
  bool waits_for_name = false;
  // An address to which the rules allow no connection, and that was the host's.
  std::string denied_address;

  // The phases reached.
  bool socket_opened = false;  // an address was known and tried, or a connection used again
  bool tcp_connected = false;
  bool connection_ready = false;  // for https after the handshake: the request could be sent
  int socket_errno = 0;           // of the socket call that failed, if one did

  // Of HTTP/2, where the transfer ended well: the server said that this is all.
  bool end_of_stream = false;
  bool body_expected = true;  // false for HEAD, 204, 304
  bool conditional = false;   // the request asked for the page only where that has changed
  bool part_wanted = false;   // the request asked for a range of the page
  const ResponseHead* head = nullptr;
  // Final statuses that are as wanted; null: 2xx.
  const std::vector<StatusRange>* ok_status = nullptr;
  std::uint64_t wire_bytes = 0;
  body::Status decoding = body::Status::finished;
  std::string decoding_reason;
};

struct HopOutcome {
  Outcome outcome = Outcome::ok;
  std::string error;
  std::optional<bool> complete;
  bool local_shortage = false;
};

HopOutcome decide_outcome(const Observed& seen);

// Whether the error number means that this machine, not the server, has run short.
bool is_local_shortage(int error_number);

}  // namespace fetchpool::engine
