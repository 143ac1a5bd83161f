// What all requests of a fetcher have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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

// A hash of each body's decoded bytes, made in the workers.
enum class BodyHash {
  none,
  sha256,  // SHA-256 (FIPS 180-4)
  xxh3,    // XXH3 with 64 bits: faster, finds changes that nobody meant
};

// Response codes from `first` to `last`, both among them.
struct StatusRange {
  int first = 0;
  int last = 0;
};

// Which version of HTTP is spoken. A host that speaks HTTP/2 is reached by one connection of one
// worker, where there is no limit for hosts (FetchOptions::per_host is 0) by one of each worker,
// and by more where the server allows fewer streams.
enum class HttpVersion {
  // HTTP/2 where a TLS server chooses it (ALPN) and the libcurl in use is 8.0 or newer: older ones
  // take some answers that were cut for whole ones. Else HTTP/1.1.
  automatic,
  http1_1,
  http2,  // as automatic, with any libcurl that can
};

enum class IpVersion { any, v4, v6 };

// What all requests of a fetch() call, a fetch_all() call or a Fetcher have in common. Every field
// has its default; durations of 0 mean no limit unless said otherwise.
struct FetchOptions {
  // --- the pool (not used by fetch())
  int processes = 0;  // worker processes; 0: as many as CPUs this process may use
  // Transfers at once, over all workers; fewer while these are busy with less.
  int concurrency = 128;
  int per_host = 6;            // transfers at once to one host (scheme, name and port); 0: no limit
  bool allow_threads = false;  // as in PrepareOptions, where no prepare() was called
  // A worker process that does not respond for so long is replaced and its transfers made again;
  // time in which this process was stopped, too, is not counted.
  std::chrono::milliseconds worker_timeout{10000};

  // --- politeness, kept over all workers (not used by fetch()). A host is scheme, name and port;
  // each redirect followed and each attempt is a request of its own
  double rate = 0;           // requests a second, in all; 0: no limit
  double rate_per_host = 0;  // requests a second to one host; 0: no limit
  // Between two requests to one host, from when the first one goes out.
  std::chrono::milliseconds wait_per_host{0};
  bool random_wait = false;  // instead, a random time from half of that to one and a half
  // Bytes a second that all transfers together receive, of fetch() that one; 0: no limit. No time
  // limit counts against a transfer while it is held back for this.
  std::uint64_t limit_rate = 0;
  // After so many requests in a row to one host that brought no response, it is asked no more:
  // its other requests end with the outcome of the last one. 0: never.
  int max_host_errors = 0;

  // --- the request
  std::string method{};  // empty: POST where there is `data`, else GET
  // Sent as the body of each request, as application/x-www-form-urlencoded unless `headers` say
  // otherwise. Not sent after a redirect that turns the request into a GET.
  std::optional<std::string> data{};
  std::vector<HeaderLine> headers{};  // added to each request; an empty value removes the header
  std::string user_agent{};           // empty: "fetchpool/VERSION"
  bool compressed = true;             // offer gzip, deflate, br and zstd, and decode what comes

  // Secrets, and headers that may be some, are sent to the origin (scheme, host and port) of the
  // URL that was submitted, and to no other one that a redirect leads to.
  std::string user{};          // "name:password" for Basic authentication (RFC 7617)
  std::string bearer_token{};  // "Authorization: Bearer ..." (RFC 6750)
  std::string cookie{};        // "name=value; name=value"
  std::string referer{};

  // Take "http://name:password@host/" as a URL with credentials for Basic authentication, in place
  // of `user`; results show it without them. Otherwise such a URL is a bad_url.
  bool allow_userinfo = false;

  // --- the connection
  HttpVersion http_version = HttpVersion::automatic;
  IpVersion ip_version = IpVersion::any;
  // Addresses instead of name look-ups: "HOST:PORT:ADDRESS[,ADDRESS...]".
  std::vector<std::string> resolve{};
  // Other hosts to connect to: "HOST:PORT:OTHER_HOST:OTHER_PORT"; empty parts mean any, or the
  // same.
  std::vector<std::string> connect_to{};
  std::string interface {};  // name or address of the network interface to use
  // "http://host:port", or with https, socks4, socks4a, socks5 or socks5h. Empty: none.
  std::string proxy{};
  std::string proxy_user{};        // "name:password" for the proxy
  std::string no_proxy{};          // hosts reached without it, "a.example,.b.example"; "*": all
  bool proxy_environment = false;  // as http_proxy, https_proxy, all_proxy and no_proxy say

  // --- TLS
  bool insecure = false;  // accept any certificate
  std::string ca_file{};  // PEM bundle; empty: the system's
  // PEM files with the certificate that is shown to servers that ask for one, and its key (empty:
  // in the same file). Not shown to another origin that a redirect leads to.
  std::string certificate_file{};
  std::string key_file{};
  std::string key_password{};

  // --- limits
  std::chrono::milliseconds connect_timeout{10000};  // name resolution to the end of the handshake
  // One attempt, all its redirects included; waiting for a turn is not counted.
  std::chrono::milliseconds max_time{60000};
  // A transfer that brings less than so many bytes a second (0: any speed will do), over all of
  // speed_time, is ended as low_speed. Counted are headers and body, from when it is connected.
  std::uint64_t speed_limit = 0;
  std::chrono::milliseconds speed_time{30000};
  std::uint64_t max_body_bytes = std::uint64_t{64} << 20;  // on the wire, and decoded; 0: no limit
  std::uint64_t max_header_bytes = 256 << 10;              // of one response, 1xx and trailers too
  int max_header_lines = 1000;
  int max_redirects = 20;  // hops followed; 0: a redirect is the final response
  // Response codes that are no http_error. A 206 that no Range header asked for, which has only a
  // part of the page, is one unless a range narrower than 200 to 299 has it.
  std::vector<StatusRange> ok_status = {{200, 299}};

  // --- limits of the whole run: of a fetch_all() or fetch_map(), or the life of a Fetcher (not
  // used by fetch()). Once one is reached nothing more is begun, as after Fetcher::stop(). 0: no
  // limit
  std::chrono::milliseconds stop_after{0};
  std::uint64_t max_total_bytes = 0;  // of bodies, on the wire
  std::uint64_t max_failures = 0;     // URLs that did not end well
  int max_failures_percent = 0;       // the same as a share of the URLs done, once those are 50

  // --- where requests may go
  // Connect only to addresses of the open internet: not to this machine, private networks, a
  // cloud's metadata service and the like, however the URL spells them. What they are is judged
  // when they are connected to, for each hop. Other URLs end as addr_denied.
  bool public_only = false;
  // Follow redirects that lead from the open internet to another address.
  bool allow_private_redirects = false;
  bool allow_downgrade = false;  // follow redirects from https to http
  // Send headers that may be secrets to whatever origin a redirect leads to, as curl does it under
  // this name. Otherwise they are for the origin (scheme, host, port) of the URL itself.
  bool location_trusted = false;

  // --- trying again
  int retries = 2;  // attempts after the first one
  // Delay before retry n: a random time up to min(retry_delay * 2^(n-1), max_retry_delay).
  std::chrono::milliseconds retry_delay{1000};
  std::chrono::milliseconds max_retry_delay{60000};
  // A host that answers 429 or 503 with a Retry-After gets no request before that time. A longer
  // one is cut to this.
  std::chrono::milliseconds max_retry_after{300000};
  // No attempt begins later than this after the first one of its URL began.
  std::chrono::milliseconds retry_max_time{0};
  // Response codes, not in ok_status, that may pass.
  std::vector<StatusRange> retry_on = {{408, 408}, {425, 425}, {429, 429}, {500, 500},
                                       {502, 504}, {522, 522}, {524, 524}};
  bool retry_connrefused = false;
  // Every failure of an exchange may pass, whatever it is.
  bool retry_all_errors = false;
  // Send POST, PATCH and methods nobody knows again even where the first one may have arrived (RFC
  // 9110 section 9.2.2). Otherwise such a request ends with its first failure, and as worker_crash
  // where its worker process died.
  bool retry_non_idempotent = false;

  // --- results
  // Of a Fetcher: wait() returns them in the order of submission, instead of as they come. While
  // the bodies of those that wait for an older one are more than so many bytes, only the oldest
  // request is begun; what runs by then goes on.
  bool ordered = false;
  std::uint64_t ordered_bytes = std::uint64_t{64} << 20;
  // Of fetch_map(): how long the function may take for one page. Then its worker is replaced, and
  // the page ends with an error; the worker's other pages are made again.
  std::chrono::milliseconds function_timeout{0};
  BodyForm body = BodyForm::raw;
  BodyHash hash = BodyHash::none;  // fill FetchResult::body_hash
  bool response_headers = false;   // fill FetchResult::headers
  bool warc = false;               // fill FetchResult::warc
  // Where bodies too large for memory wait while they arrive; files there have no name. Empty:
  // /var/tmp.
  std::string spool_directory{};
};

}  // namespace fetchpool
