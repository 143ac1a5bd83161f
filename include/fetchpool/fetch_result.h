// What became of a URL.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fetchpool/bytes.h"
#include "fetchpool/fetch_options.h"
#include "fetchpool/outcome.h"

namespace fetchpool {

// One redirect that was followed.
struct Redirect {
  std::string url;
  int response_code = 0;
  std::string location;  // as received
};

// Seconds since the hop began, cumulative as in curl's --write-out: 0 where a phase did not happen
// (a connection that was used again has neither name look-up nor connect).
struct FetchTimes {
  double queue = 0;  // from submit until the last attempt began
  double namelookup = 0;
  double connect = 0;
  double appconnect = 0;
  double pretransfer = 0;
  double starttransfer = 0;
  double redirect = 0;  // the hops before the last one
  double total = 0;     // the whole last attempt
};

// The decoded body, in the order of its pieces. Pieces share storage with what was received.
class Body {
 public:
  Body() = default;
  explicit Body(Bytes whole);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::vector<Bytes>& pieces() const { return pieces_; }
  // All pieces in one string.
  std::string str() const;
  void append(Bytes piece);
  void append(const Body& more);

 private:
  std::vector<Bytes> pieces_;
  std::size_t size_ = 0;
};

// What became of one URL.
struct FetchResult {
  std::uint64_t seq = 0;      // number of the request, from 0, in the order of submission
  std::string id;             // of the FetchRequest
  std::string out;            // of the FetchRequest
  std::string input;          // the URL as submitted, "***" in place of a user name and password
  std::string url;            // what was requested first: normalised, without fragment and userinfo
  std::string url_effective;  // what was requested last
  Outcome outcome = Outcome::cancelled;
  bool ok() const { return is_success(outcome); }
  std::string error;  // empty where ok; else one sentence why

  // Of the last response; 0 or empty where there was none.
  int response_code = 0;
  std::string method = "GET";
  std::string http_version;  // "1.0", "1.1", "2"
  std::string content_type;
  std::string content_encoding;  // codings as announced
  std::optional<std::uint64_t> content_length;
  std::vector<HeaderLine> headers{};  // with FetchOptions::response_headers

  std::uint64_t size_download = 0;  // body bytes on the wire
  std::uint64_t size_body = 0;      // decoded
  std::uint64_t size_header = 0;
  // With FetchOptions::hash: of the `size_body` bytes, in lower-case hexadecimal. Empty where the
  // response has no body by its nature (HEAD, 204, 304) or there was none.
  std::string body_hash;
  // Whether the body is whole: true only where framing and decoding proved it, nothing where
  // HTTP/1.x gives no proof (the body ends with the connection).
  std::optional<bool> complete;

  std::vector<Redirect> redirects;
  int num_attempts = 0;                      // 0: no request was made
  int num_connects = 0;                      // new connections of the last hop
  std::optional<std::uint32_t> retry_after;  // seconds, as the last response asked for
  std::string remote_ip;
  int remote_port = 0;
  long ssl_verify_result = 0;
  FetchTimes times;
  std::chrono::system_clock::time_point timestamp{};  // when the last attempt began
  int worker = -1;                                    // whose place fetched it; -1: none

  Body body;
  enum class Encoding { none, raw, utf8, base64 } body_encoding = Encoding::none;

  // With FetchOptions::warc: the URL's records for a WARC 1.1 file (ISO 28500:2017), each a gzip
  // member of its own, to be written one after the other. For each redirect that was followed, and
  // for the last response, a request and a response; then one metadata record. Bodies in them are
  // decoded and without chunks, and headers that no longer hold have "X-Crawler-" before their
  // names, as Common Crawl does it; of request headers that may be secrets only the name is kept.
  // Empty where no request was made and where it was cancelled.
  Body warc;
};

}  // namespace fetchpool
