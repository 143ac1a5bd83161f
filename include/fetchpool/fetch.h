// Fetching URLs: one in this process, or many with a pool of worker processes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fetchpool/bytes.h"
#include "fetchpool/error.h"
#include "fetchpool/outcome.h"

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

 private:
  std::vector<Bytes> pieces_;
  std::size_t size_ = 0;
};

// What became of one URL.
struct FetchResult {
  std::uint64_t seq = 0;      // number of the request, from 0, in the order of submission
  std::string input;          // as submitted
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
};

// Fetches one URL in the calling process: no worker, no fork. What can happen to the URL is in the
// result; it throws Error only for options that make no sense. Thread-safe.
//
// It initialises libcurl in this process. A program that also makes Pools or Fetchers makes them,
// or calls prepare(), before that; they throw Error otherwise.
FetchResult fetch(std::string_view url, const FetchOptions& options = {});

// Fetches all URLs with worker processes and returns their results in the order of `urls`. Holds
// all bodies in memory: for long lists use a Fetcher. Throws Error where workers cannot be
// started.
std::vector<FetchResult> fetch_all(const std::vector<std::string>& urls,
                                   const FetchOptions& options = {});

// Fetches a stream of URLs with worker processes.
//
//   Fetcher fetcher({.processes = 4});
//   while (more to do or fetcher.unfinished() > 0) {
//     while (more to do && fetcher.room() > 0) fetcher.submit(next_url());
//     for (FetchResult& result : fetcher.wait(1s)) use(result);
//   }
//
// Passive: it has no thread, and works while wait() runs. Results come as they finish, in any
// order; `seq` says which is which. Every request submitted ends as exactly one result. Not
// thread-safe; different Fetchers may be used by different threads.
class Fetcher {
 public:
  // Starts the worker processes. Throws Error where the process has threads and neither prepare()
  // was called nor options.allow_threads set, or where an option makes no sense.
  explicit Fetcher(const FetchOptions& options = {});
  // Ends the workers at once; what is unfinished is dropped.
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;
  Fetcher(Fetcher&&) noexcept;
  Fetcher& operator=(Fetcher&&) noexcept;

  // How many requests it takes now. It holds a bounded number, enough to keep all workers busy.
  std::size_t room() const;
  // Queues one URL and returns its number. Requires room() > 0.
  std::uint64_t submit(std::string_view url);
  // Requests submitted whose results were not yet returned by wait().
  std::size_t unfinished() const;

  // Works until results are there or the timeout has passed (nothing: until there are some, or
  // nothing is unfinished), and returns them; empty after a timeout. The vector is the Fetcher's,
  // valid until the next call; its results may be moved from. Throws PoolBroken where workers
  // cannot be started any more.
  std::vector<FetchResult>& wait(std::optional<std::chrono::nanoseconds> timeout);
  // A descriptor that is readable when wait() has something to do, for poll loops.
  int poll_fd() const;

  // Holds back (or lets go again) what has not been started; running transfers go on, and so does
  // the oldest unfinished request, for which whoever puts results in order may be waiting. With
  // `oldest_too` that one is held back as well: the results in order have nowhere to go.
  void hold(bool on, bool oldest_too = false);
  // Starts nothing more; what was not begun ends as cancelled, running transfers go on to their
  // ends but are not retried or redirected further (they then end as cancelled, too).
  void stop();
  // As stop(), and ends running transfers now, as cancelled.
  void cancel();

  // Transfers running now, worker processes replaced so far, and requests waiting.
  struct Counts {
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::uint64_t workers_replaced = 0;
    std::uint64_t retries = 0;
  };
  Counts counts() const;
  // Process ids of the workers, for tests and messages.
  std::vector<int> worker_pids() const;
  // What should be told to the person at the terminal, once each ("concurrency lowered to 40:
  // the limit of open files is 64").
  std::vector<std::string> take_warnings();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The library's version, as in "0.1.0".
std::string_view version();

}  // namespace fetchpool
