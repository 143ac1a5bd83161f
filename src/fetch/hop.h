// What the engine asks a worker for, and what it gets back: one HTTP exchange.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetchpool/fetch.h"

namespace fetchpool::engine {

// One exchange to be made. One without a URL tells the worker its share of the rate, or where that
// is 0 asks it to give back, as cancelled, all hops that it has not begun.
struct HopRequest {
  std::string url;
  std::string method = "GET";
  std::uint64_t bytes_per_second = 0;  // only without a URL
  // Of the host, in the engine's numbering; a worker runs at most `host_quota` hops of one host at
  // once and lets the others wait their turn.
  std::uint32_t host = 0;
  std::uint32_t host_quota = 1;
  // What is left of the attempt's time; 0: no limit. Counted from when the hop really starts.
  std::chrono::microseconds time_left{0};
  // While the name service is slow, give the hop back rather than hold a place for it.
  bool may_be_postponed = false;
  // How long it has waited for the name of its host already: that belongs to its time.
  std::chrono::microseconds waited_for_name{0};
  // Send a progress frame as soon as the connection stands.
  bool tell_connected = false;
  // How many answers of this worker that asked for a pause the engine had seen when it sent this. A
  // worker gives hops back that were on their way when their host asked.
  std::uint32_t pauses_seen = 0;
  // Do not use a kept-alive connection.
  bool fresh_connection = false;
  // A redirect led to another origin: headers that may hold secrets stay behind.
  bool without_secrets = false;
  // The host speaks HTTP/2: wait for a connection to it rather than make one more.
  bool share_connection = false;
  // Only to addresses of the open internet.
  bool public_only = false;
  enum class Content : std::uint8_t {
    none,
    dropped,  // a redirect made a GET of it: the headers that describe the body stay behind, too
    common,   // FetchOptions::data
    own,      // `body`
  };
  Content content = Content::none;
  std::vector<HeaderLine> headers{};  // of this request alone
  std::string body{};

  std::string encode() const;
  static HopRequest decode(std::string_view bytes);
};

// How one exchange ended. Its records for an archive and its body follow in the same message.
struct HopResult {
  Outcome outcome = Outcome::ok;
  std::string error;
  // The outcome is not the URL's: this machine ran short of descriptors, memory or ports.
  bool local_shortage = false;
  // A kept-alive connection was closed before any answer: the request may simply be sent again.
  bool stale_connection = false;
  bool dns_temporary = false;
  // With Outcome::cancelled: given back because the name service has not answered yet, after
  // `times.total`. The answer is waited for; the hop is to be sent again after a while.
  bool name_pending = false;
  bool refused = false;
  // The function did not end on this page and still runs; the worker is of no more use.
  bool function_stuck = false;
  // Whether any byte of the request was handed to the system.
  bool request_sent = false;

  int response_code = 0;
  std::string http_version;
  std::string content_type;
  std::string content_encoding;
  std::optional<std::uint64_t> content_length;
  std::vector<std::string> locations;
  std::string retry_after;
  std::vector<HeaderLine> headers;  // where asked for
  std::uint64_t size_download = 0;
  std::uint64_t size_body = 0;
  std::uint64_t size_header = 0;
  std::string body_hash;  // where asked for
  std::optional<bool> complete;

  int num_connects = 0;
  std::string remote_ip;
  int remote_port = 0;
  long ssl_verify_result = 0;
  // Microseconds since the hop started, as FetchTimes has them.
  struct Times {
    std::int64_t namelookup = 0;
    std::int64_t connect = 0;
    std::int64_t appconnect = 0;
    std::int64_t pretransfer = 0;
    std::int64_t starttransfer = 0;
    std::int64_t total = 0;
  } times;
  std::int64_t started_at = 0;  // microseconds since the epoch of system_clock

  // With FetchOptions::warc, of the records that come before the body in the message: their bytes,
  // and the id of the response record.
  std::uint64_t archive_size = 0;
  std::string archive_id;

  FetchResult::Encoding body_encoding = FetchResult::Encoding::none;

  // Whether the host wants to be left alone for a while (RFC 6585 section 4, RFC 9110 section
  // 15.6.4).
  bool asks_for_pause() const {
    return !retry_after.empty() && (response_code == 429 || response_code == 503);
  }

  void encode(std::string& out) const;
  // Of a message that holds a result, then the body or the last part of it, then one byte that says
  // how the body is encoded. `body` is set to where in `bytes` the body lies.
  static HopResult decode(std::string_view bytes, std::string_view& body);
};

}  // namespace fetchpool::engine
