// What all requests of a fetcher have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fetchpool {

// One line of a header: name as received (lower case in HTTP/2), value without surrounding blanks.
using HeaderLine = std::pair<std::string, std::string>;

// In which form bodies are handed over.
enum class BodyForm {
  none,       // not kept; sizes and completeness are still judged
  raw,        // the decoded bytes
  json_text,  // as the inside of a JSON string: escaped text where the bytes are valid UTF-8, else
              // base64; FetchResult::body_encoding says which. Made in the workers
};

// What all requests of a fetch() call, a fetch_all() call or a Fetcher have in common. Every field
// has its default; durations of 0 mean no limit unless said otherwise.
struct FetchOptions {
  // --- the pool (not used by fetch())
  int processes = 0;           // worker processes; 0: as many as CPUs this process may use
  int concurrency = 128;       // transfers at once, over all workers
  int per_host = 6;            // transfers at once to one host (scheme, name and port); 0: no limit
  bool allow_threads = false;  // as in PrepareOptions, where no prepare() was called
  // A worker process that does not respond for so long is replaced and its transfers made again;
  // time in which this process was stopped, too, is not counted.
  std::chrono::milliseconds worker_timeout{10000};

  // --- the request
  std::vector<HeaderLine> headers{};  // added to each request; an empty value removes the header
  std::string user_agent{};           // empty: "fetchpool/VERSION"
  bool compressed = true;             // offer gzip and deflate, and decode what comes

  // --- TLS
  bool insecure = false;  // accept any certificate
  std::string ca_file{};  // PEM bundle; empty: the system's

  // --- limits
  std::chrono::milliseconds connect_timeout{10000};  // name resolution to the end of the handshake
  // One attempt, all its redirects included; waiting for a turn is not counted.
  std::chrono::milliseconds max_time{60000};
  std::uint64_t max_body_bytes = std::uint64_t{64} << 20;  // on the wire, and decoded; 0: no limit
  std::uint64_t max_header_bytes = 256 << 10;              // of one response, 1xx and trailers too
  int max_header_lines = 1000;
  int max_redirects = 20;  // hops followed; 0: a redirect is the final response

  // --- trying again
  int retries = 2;  // attempts after the first one
  // Delay before retry n: a random time up to min(retry_delay * 2^(n-1), max_retry_delay).
  std::chrono::milliseconds retry_delay{1000};
  std::chrono::milliseconds max_retry_delay{60000};
  // A longer Retry-After is cut to this.
  std::chrono::milliseconds max_retry_after{300000};
  bool retry_connrefused = false;

  // --- results
  BodyForm body = BodyForm::raw;
  bool response_headers = false;  // fill FetchResult::headers
  // Where bodies too large for memory wait while they arrive; files there have no name. Empty:
  // /var/tmp.
  std::string spool_directory{};
};

}  // namespace fetchpool
