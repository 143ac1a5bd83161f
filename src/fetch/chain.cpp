#include "fetch/chain.h"

#include <algorithm>

#include "fetch/address_class.h"
#include "fetch/redirect.h"
#include "fetch/request_headers.h"
#include "fetch/request_rules.h"
#include "fetch/retry.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

// How often the same hop is made again for reasons that are not the URL's, until it is believed
// that they are.
constexpr int kStaleConnections = 3;
constexpr int kShortages = 20;
constexpr auto kShortageDelay = 100ms;

FetchTimes times_of(const HopResult& hop, std::chrono::microseconds before) {
  auto seconds = [](std::int64_t us) { return static_cast<double>(us) / 1e6; };
  FetchTimes times;
  times.namelookup = seconds(hop.times.namelookup);
  times.connect = seconds(hop.times.connect);
  times.appconnect = seconds(hop.times.appconnect);
  times.pretransfer = seconds(hop.times.pretransfer);
  times.starttransfer = seconds(hop.times.starttransfer);
  times.redirect = seconds(before.count());
  times.total = seconds(before.count() + hop.times.total);
  return times;
}

}  // namespace

Chain::Chain(std::string input, Url url, std::string method)
    : input_(std::move(input)),
      first_url_(url.text),
      url_(std::move(url)),
      method_(std::move(method)) {}

Chain::Chain(FetchRequest request, Url url, const FetchOptions& options)
    : Chain(request.url, std::move(url), method_of(request, options)) {
  own_ = std::make_unique<FetchRequest>(std::move(request));
}

HopRequest Chain::next_hop(const FetchOptions& options) {
  hop_is_first_ = !in_attempt_;
  if (hop_is_first_) {
    in_attempt_ = true;
    ++attempts_;
  }
  HopRequest hop;
  hop.url = url_.text;
  hop.method = method_;
  hop.fresh_connection = fresh_connection_;
  hop.without_secrets = left_origin_ && !options.location_trusted;
  hop.public_only = options.public_only || (was_public_ && !options.allow_private_redirects);
  hop.content = content_dropped_ ? HopRequest::Content::dropped
                : options.data   ? HopRequest::Content::common
                                 : HopRequest::Content::none;
  auto max_time = options.max_time;
  if (own_) {
    hop.headers = own_->headers;
    max_time = own_->max_time.value_or(max_time);
    if (own_->body && !content_dropped_) {
      hop.content = HopRequest::Content::own;
      hop.body = *own_->body;
    }
  }
  if (url_.credentials) add_credentials(hop.headers, *url_.credentials);
  // Never 0, which would be no limit.
  if (max_time.count() > 0)
    hop.time_left = std::max<std::chrono::microseconds>(max_time - spent_, 1us);
  return hop;
}

bool Chain::may_be_repeated(const FetchOptions& options) const {
  return options.retry_non_idempotent || is_idempotent(method_);
}

void Chain::take_back_hop() {
  if (!hop_is_first_) return;
  hop_is_first_ = in_attempt_ = false;
  --attempts_;
}

NextStep Chain::after(HopResult& hop, const FetchOptions& options, double random,
                      std::chrono::system_clock::time_point date, Clock::duration elapsed) {
  bool again = !hop.request_sent || may_be_repeated(options);
  if (hop.local_shortage && again && ++shortages_ <= kShortages)
    return SameAgain{kShortageDelay, true};
  if (hop.stale_connection && again && ++stale_connections_ <= kStaleConnections) {
    fresh_connection_ = true;
    return SameAgain{};
  }
  fresh_connection_ = false;
  if (follow(hop, options)) return NextHop{};
  RetryInput input;
  input.outcome = hop.outcome;
  input.response_code = hop.response_code;
  input.dns_temporary = hop.dns_temporary;
  input.connection_refused = hop.refused;
  input.method = method_;
  input.request_sent = hop.request_sent;
  input.repeat_unsafe_methods = options.retry_non_idempotent;
  input.attempt = attempts_;
  input.random = random;
  input.elapsed = elapsed;
  if (!hop.retry_after.empty()) input.retry_after = parse_retry_after(hop.retry_after, date);
  auto delay = retry_delay(input, options);
  if (!delay) return Final{};
  // The next attempt goes on at the hop that failed.
  in_attempt_ = false;
  spent_ = {};
  stale_connections_ = 0;
  return NextAttempt{*delay};
}

bool Chain::follow(HopResult& hop, const FetchOptions& options) {
  if (hop.locations.empty()) return false;
  if (hop.outcome != Outcome::ok && hop.outcome != Outcome::http_error) return false;
  std::vector<std::string_view> locations(hop.locations.begin(), hop.locations.end());
  std::vector<ChainHop> before;
  for (const Visited& visited : visited_) before.push_back({visited.method, visited.url});
  RedirectDecision decision = decide_redirect({hop.response_code, method_, url_, locations, before,
                                               options.max_redirects, options.allow_downgrade});
  if (auto* refused = std::get_if<RefusedRedirect>(&decision)) {
    hop.outcome = refused->outcome;
    hop.error = std::move(refused->reason);
    return false;
  }
  auto* next = std::get_if<FollowRedirect>(&decision);
  if (!next) return false;
  spent_ += std::chrono::microseconds(hop.times.total);
  redirects_.push_back({url_.text, hop.response_code, std::move(hop.locations.front())});
  visited_.push_back({method_, url_.text});
  was_public_ =
      was_public_ || address_class(std::string_view(hop.remote_ip)) == AddressClass::global;
  left_origin_ = left_origin_ || next->crosses_origin;
  content_dropped_ = content_dropped_ || next->method != method_;
  url_ = std::move(next->url);
  method_ = std::move(next->method);
  return true;
}

FetchResult Chain::result(HopResult&& hop, Clock::duration in_all) {
  FetchResult result = this->result(hop.outcome, std::move(hop.error));
  result.response_code = hop.response_code;
  result.http_version = std::move(hop.http_version);
  result.content_type = std::move(hop.content_type);
  result.content_encoding = std::move(hop.content_encoding);
  result.content_length = hop.content_length;
  result.headers = std::move(hop.headers);
  result.size_download = hop.size_download;
  result.size_body = hop.size_body;
  result.body_hash = std::move(hop.body_hash);
  result.size_header = hop.size_header;
  result.complete = hop.complete;
  result.timestamp =
      std::chrono::system_clock::time_point(std::chrono::microseconds(hop.started_at) - spent_);
  if (!hop.retry_after.empty())
    result.retry_after = parse_retry_after(hop.retry_after, result.timestamp);
  result.num_connects = hop.num_connects;
  result.remote_ip = std::move(hop.remote_ip);
  result.remote_port = hop.remote_port;
  result.ssl_verify_result = hop.ssl_verify_result;
  result.times = times_of(hop, spent_);
  result.times.queue =
      std::max(0.0, std::chrono::duration<double>(in_all).count() - result.times.total);
  result.body_encoding = hop.body_encoding;
  return result;
}

FetchResult Chain::result(Outcome outcome, std::string error) {
  FetchResult result;
  result.outcome = outcome;
  result.error = std::move(error);
  result.input = std::move(input_);
  if (own_) {
    result.id = std::move(own_->id);
    result.out = std::move(own_->out);
  }
  result.url = std::move(first_url_);
  result.url_effective = std::move(url_.text);
  result.method = std::move(method_);
  result.redirects = std::move(redirects_);
  result.num_attempts = attempts_;
  return result;
}

}  // namespace fetchpool::engine
