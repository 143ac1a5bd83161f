#include "fetch/transfer.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/ascii.h"
#include "fetch/address_class.h"
#include "fetch/curl_failure.h"
#include "fetch/easy_option.h"
#include "fetch/request_rules.h"
#include "fetch/retry.h"

namespace fetchpool::engine {
namespace {

template <typename T>
T info(CURL* easy, CURLINFO which) {
  T value{};
  curl_easy_getinfo(easy, which, &value);
  return value;
}

// libcurl takes and gives it back for every hop. glibc sweeps its whole heap when so much as 64 KiB
// are given back.
constexpr std::uint64_t kReceiveBuffer = std::uint64_t{60} << 10;

bool is_redirect_to_follow(int status) {
  return status >= 300 && status < 400;
}

}  // namespace

Transfer::Transfer(TransferShared& shared)
    : shared_(shared),
      easy_(curl_easy_init()),
      head_({shared.settings.options.max_header_bytes, shared.settings.options.max_header_lines}),
      body_(shared.settings.options, shared.whole_decoder, shared.body_memory) {
  if (!easy_) throw Error("no memory for a transfer");
  set_up();
}

// What stays the same for every hop. Each line is there for a reason that was paid for once.
void Transfer::set_up() {
  CURL* easy = easy_.get();
  const FetchOptions& options = shared_.settings.options;
  set_option(easy, CURLOPT_PRIVATE, this);
  set_option(easy, CURLOPT_ERRORBUFFER, error_text_);
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(easy, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  // Redirects are hops of their own: limits, secrets and policies see each of them.
  set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
  // Decoding is ours: libcurl takes a cut gzip stream for a whole one.
  set_option(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // Deadlines are ours: libcurl judges its own before it has read what is there. 0 would be its
  // default of 300 s for connecting.
  set_option(easy, CURLOPT_TIMEOUT_MS, 0L);
  set_option(easy, CURLOPT_CONNECTTIMEOUT_MS, 1000L * 86400 * 20);
  // Or a transfer that is ended waits for its name look-up.
  set_option(easy, CURLOPT_QUICK_EXIT, 1L);
  // It is told the addresses of names a moment before it needs them.
  set_option(easy, CURLOPT_DNS_CACHE_TIMEOUT, 3L);
  // libcurl may read a hundred buffers in one go. Of a limited rate that is a small part of what
  // may come in a second, or with the least buffer there is, no more than that.
  std::uint64_t buffer = options.limit_rate > 0 ? options.limit_rate / 1600 : kReceiveBuffer;
  set_option(easy, CURLOPT_BUFFERSIZE,
             static_cast<long>(std::clamp<std::uint64_t>(buffer, 1024, kReceiveBuffer)));
  if (options.limit_rate > 0)
    set_option(easy, CURLOPT_MAX_RECV_SPEED_LARGE, static_cast<curl_off_t>(options.limit_rate));
  set_option(easy, CURLOPT_HEADERFUNCTION, on_header);
  set_option(easy, CURLOPT_HEADERDATA, this);
  set_option(easy, CURLOPT_WRITEFUNCTION, on_body);
  set_option(easy, CURLOPT_WRITEDATA, this);
  set_option(easy, CURLOPT_PREREQFUNCTION, on_ready);
  set_option(easy, CURLOPT_PREREQDATA, this);
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  set_option(easy, CURLOPT_OPENSOCKETDATA, this);
  set_option(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
  set_option(easy, CURLOPT_CLOSESOCKETDATA, &shared_);
  if (shared_.exchange_writer)
    archive_ = std::make_unique<TransferArchive>(easy, *shared_.exchange_writer);
  set_option(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  shared_.connection.apply(easy);
  use_headers();
}

void Transfer::use_headers() {
  header_lines_ = shared_.headers.list(request_, own_headers_);
  set_option(easy_.get(), CURLOPT_HTTPHEADER, header_lines_);
}

// Sets the method and the body. What libcurl does with a body follows from POST, NOBODY and
// HTTPGET; the name of the method is put on top of that.
void Transfer::use_content() {
  CURL* easy = easy_.get();
  const std::string* content = request_.content == HopRequest::Content::own ? &request_.body
                               : request_.content == HopRequest::Content::common
                                   ? &*shared_.settings.options.data
                                   : nullptr;
  bool sends = content || wants_content(request_.method);
  if (sends) {
    set_option(easy, CURLOPT_POST, 1L);
    set_option(easy, CURLOPT_POSTFIELDS, content ? content->c_str() : "");
    set_option(easy, CURLOPT_POSTFIELDSIZE_LARGE,
               static_cast<curl_off_t>(content ? content->size() : 0));
  } else {
    set_option(easy, CURLOPT_HTTPGET, 1L);
    set_option(easy, CURLOPT_NOBODY, request_.method == "HEAD" ? 1L : 0L);
  }
  bool named = request_.method == (sends ? "POST" : "GET") || request_.method == "HEAD";
  set_option(easy, CURLOPT_CUSTOMREQUEST, named ? nullptr : request_.method.c_str());
}

Transfer& Transfer::of(CURL* easy) {
  return *info<Transfer*>(easy, CURLINFO_PRIVATE);
}

void Transfer::start(std::uint64_t job, HopRequest request, int slot, TimePoint now) {
  using Content = HopRequest::Content;
  bool same_freshness = request_.fresh_connection == request.fresh_connection;
  bool same_secrets = request_.without_secrets == request.without_secrets;
  bool same_sharing = request_.share_connection == request.share_connection;
  bool same_content = request_.method == request.method && request_.content == request.content &&
                      request.content != Content::own;
  bool same_headers =
      same_secrets && same_content && request_.headers.empty() && request.headers.empty();
  job_ = job;
  slot_ = slot;
  request_ = std::move(request);
  head_.reset();
  body_begun_ = false;
  if (archive_) archive_->begin();
  seen_ = Observed{};
  if (!shared_.connection.names_its_hosts()) host_ = named_host(request_.url);
  handed_over_ = false;
  error_text_[0] = '\0';
  const FetchOptions& options = shared_.settings.options;
  began_ = now - request_.waited_for_name;
  name_deadline_ = TimePoint::max();
  socket_ = CURL_SOCKET_BAD;
  deadline_ = request_.time_left.count() > 0 ? began_ + request_.time_left : TimePoint::max();
  connect_deadline_ =
      options.connect_timeout.count() > 0 ? began_ + options.connect_timeout : TimePoint::max();
  speed_.begin(options.speed_limit, options.speed_time, now);
  started_at_ = std::chrono::duration_cast<std::chrono::microseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  request_url_.use(easy_.get(), request_.url, shared_.connection.may_use_proxy());
  if (!same_content) use_content();
  if (!same_headers) use_headers();
  if (!same_secrets) shared_.connection.use_certificate(easy_.get(), request_.without_secrets);
  // Never for others: behind one slow answer of HTTP/1.1, all would wait.
  if (!same_sharing) set_option(easy_.get(), CURLOPT_PIPEWAIT, request_.share_connection ? 1L : 0L);
  if (!same_freshness)
    set_option(easy_.get(), CURLOPT_FRESH_CONNECT, request_.fresh_connection ? 1L : 0L);
}

void Transfer::wait_for_name(TimePoint until) {
  seen_.waits_for_name = true;
  name_deadline_ = until;
}

void Transfer::use(const NameAnswer& answer, bool libcurl_knows) {
  seen_.waits_for_name = false;
  name_deadline_ = TimePoint::max();
  seen_.name = answer.kind;
  if (answer.kind != NameAnswer::Kind::found) {
    seen_.abort = Observed::Abort::name;
    seen_.failure_text = answer.error;
    return;
  }
  if (libcurl_knows) return;
  std::string line = "+" + host_->name + ":" + std::to_string(host_->port) + ":";
  std::string addresses;
  for (const std::string& address : answer.addresses)
    if (shared_.connection.takes(address)) addresses += "," + address;
  if (addresses.empty()) {
    seen_.abort = Observed::Abort::name;
    seen_.name = NameAnswer::Kind::not_found;
    seen_.failure_text = kNoAddress;
    return;
  }
  line.append(addresses, 1);
  CurlList list(curl_slist_append(nullptr, line.c_str()));
  if (!list) throw Error("no memory for a transfer");
  set_option(easy_.get(), CURLOPT_RESOLVE, list.get());
  addresses_ = std::move(list);
}

void Transfer::hand_over(TimePoint now) {
  handed_over_ = true;
  before_ = std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
}

TimePoint Transfer::deadline() const {
  return seen_.connection_ready ? deadline_
                                : std::min({deadline_, connect_deadline_, name_deadline_});
}

Observed::Abort Transfer::late_for() const {
  if (name_deadline_ < std::min(deadline_, connect_deadline_)) return Observed::Abort::name_pending;
  bool connecting = !seen_.connection_ready && connect_deadline_ <= deadline_;
  return connecting ? Observed::Abort::connect_late : Observed::Abort::timeout;
}

bool Transfer::is_too_slow(TimePoint now) {
  std::uint64_t bytes = head_.size() + body_.wire_bytes();
  // Until the connection stands its own limit holds.
  if (!seen_.connection_ready) speed_.restart(now, bytes);
  return speed_.is_too_slow(now, bytes);
}

void Transfer::add_time(Clock::duration more) {
  if (deadline_ != TimePoint::max()) deadline_ += more;
  if (connect_deadline_ != TimePoint::max()) connect_deadline_ += more;
  if (name_deadline_ != TimePoint::max()) name_deadline_ += more;
  speed_.add_time(more);
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  std::size_t bytes = size * count;
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.shared_.received += bytes;
  return transfer.take_header({data, bytes}) ? bytes : 0;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  std::size_t bytes = size * count;
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.shared_.received += bytes;
  return transfer.take_body({data, bytes}) ? bytes : 0;
}

// The connection stands, or one is used again: the request goes out now.
int Transfer::on_ready(void* self, char* address, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  Observed& seen = transfer.seen_;
  // libcurl sends a request again by itself where a kept connection was closed.
  bool again = seen.connection_ready;
  if (again && !transfer.shared_.settings.options.retry_non_idempotent &&
      !is_idempotent(transfer.request_.method))
    return CURL_PREREQFUNC_ABORT;
  // A connection used again was not opened by this hop, but maybe by one with other rules.
  if (transfer.request_.public_only &&
      address_class(std::string_view(address)) != AddressClass::global) {
    seen.abort = Observed::Abort::address;
    seen.denied_address = address;
    return CURL_PREREQFUNC_ABORT;
  }
  seen.socket_opened = seen.tcp_connected = seen.connection_ready = true;
  return CURL_PREREQFUNC_OK;
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  Observed& seen = transfer.seen_;
  // The address is checked where it is used: whatever a name was a moment ago does not matter.
  if (transfer.request_.public_only && address_class(address->addr) != AddressClass::global) {
    seen.denied_address = address_text(address->addr);
    return CURL_SOCKET_BAD;
  }
  seen.socket_opened = true;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) {
    seen.socket_errno = errno;
    return CURL_SOCKET_BAD;
  }
  ++transfer.shared_.sockets_opened;
  return fd;
}

int Transfer::on_close_socket(void* user, curl_socket_t socket) {
  auto* shared = static_cast<TransferShared*>(user);
  if (shared->socket_closing) shared->socket_closing(shared->user, socket);
  return close(socket);
}

bool Transfer::waits_for_us() const {
  if (socket_ == CURL_SOCKET_BAD) return false;
  // A connection that was made shows by room to write.
  auto events = static_cast<short>(is_connected() ? POLLIN : POLLIN | POLLOUT);
  struct pollfd ready {
    socket_, events, 0
  };
  return posix::poll_for(&ready, 1, Clock::duration::zero()) > 0;
}

bool Transfer::take_header(std::string_view line) {
  switch (head_.line(line)) {
    case ResponseHead::Verdict::ok:
      break;
    case ResponseHead::Verdict::too_large:
      seen_.abort = Observed::Abort::head_limit;
      return false;
    case ResponseHead::Verdict::protocol:
      seen_.abort = Observed::Abort::head_protocol;
      return false;
  }
  if (head_.complete() && !body_begun_) return body_begins();
  return true;
}

bool Transfer::body_begins() {
  body_begun_ = true;
  ContentLength length = head_.content_length();
  bool has_length = !head_.chunked() && length.state == ContentLength::State::valid;
  int status = head_.status();
  seen_.body_expected = request_.method != "HEAD" && status != 204 && status != 304;
  body_.begin(head_.content_encoding(), has_length && seen_.body_expected ? length.value : 0);
  std::uint64_t most = shared_.settings.options.max_body_bytes;
  if (!seen_.body_expected || most == 0 || !has_length || length.value <= most) return true;
  seen_.abort = Observed::Abort::body;
  seen_.decoding = body::Status::too_large;
  seen_.decoding_reason = "the body of " + std::to_string(length.value) +
                          " bytes is larger than the limit of " + std::to_string(most);
  return false;
}

bool Transfer::take_body(std::string_view bytes) {
  if (!body_begun_ && !body_begins()) return false;
  try {
    if (body_.write_wire(bytes)) return true;
    seen_.abort = Observed::Abort::body;
  } catch (const SystemError& error) {
    seen_.abort = Observed::Abort::no_space;
    seen_.failure_text = error.what();
  }
  return false;
}

void Transfer::ask_libcurl(CURLcode code) {
  CURL* easy = easy_.get();
  seen_.end_of_stream = code == CURLE_OK && sees_end_of_stream();
  if (seen_.abort == Observed::Abort::none) {
    seen_.failure = failure_of(code, error_text_);
    if (info<long>(easy, CURLINFO_HTTP_CONNECTCODE) >= 300 && code != CURLE_OK)
      seen_.failure = Observed::Failure::proxy;
    if (code != CURLE_OK) seen_.failure_text = failure_text_of(code, error_text_);
    // libcurl says that it could not connect.
    bool had_none = code == CURLE_COULDNT_CONNECT && !seen_.socket_opened;
    if (had_none && seen_.denied_address.empty() && seen_.socket_errno == 0)
      seen_.failure_text = kNoAddress;
  }
  if (long number = info<long>(easy, CURLINFO_OS_ERRNO); number != 0 && code != CURLE_OK)
    seen_.socket_errno = static_cast<int>(number);
  if (info<curl_off_t>(easy, CURLINFO_CONNECT_TIME_T) > 0) seen_.tcp_connected = true;
}

void Transfer::observe(CURLcode code) {
  seen_.head = &head_;
  seen_.ok_status = &shared_.settings.options.ok_status;
  // RFC 9110, sections 13.1 and 14.2.
  seen_.conditional = head_.status() == 304 && (has_header(header_lines_, "If-None-Match") ||
                                                has_header(header_lines_, "If-Modified-Since"));
  seen_.part_wanted = head_.status() == 206 && has_header(header_lines_, "Range");
  if (handed_over_) ask_libcurl(code);
  if (!body_begun_) body_.begin({});
  try {
    body_.finish();
  } catch (const SystemError& error) {
    seen_.abort = Observed::Abort::no_space;
    seen_.failure_text = error.what();
  }
  seen_.wire_bytes = body_.wire_bytes();
  if (seen_.decoding == body::Status::finished) {
    seen_.decoding = body_.status();
    seen_.decoding_reason = body_.reason();
  }
}

HopResult Transfer::finish(CURLcode code) {
  observe(code);
  HopOutcome decided = decide_outcome(seen_);
  HopResult result;
  result.outcome = decided.outcome;
  result.error = std::move(decided.error);
  result.complete = decided.complete;
  result.local_shortage = decided.local_shortage;
  result.refused = seen_.socket_errno == ECONNREFUSED;
  result.dns_temporary = seen_.name == NameAnswer::Kind::failed;
  result.name_pending = seen_.abort == Observed::Abort::name_pending;
  result.request_sent = seen_.connection_ready;
  collect_facts(result);
  bool kept_alive = seen_.connection_ready && result.num_connects == 0;
  result.stale_connection =
      kept_alive && head_.size() == 0 &&
      (decided.outcome == Outcome::empty_reply || decided.outcome == Outcome::reset);
  return result;
}

archive::Exchange Transfer::exchange(const HopResult& result) const {
  archive::Exchange exchange;
  exchange.url = request_.url;
  exchange.request = archive_->sent();
  exchange.response = head_.raw();
  exchange.http_version = head_.version();
  exchange.remote_ip = result.remote_ip;
  exchange.started_at = started_at_;
  exchange.outcome = result.outcome;
  // A body that came whole but could not be decoded is kept as it came.
  bool is_raw = result.outcome == Outcome::decode && seen_.abort == Observed::Abort::none;
  exchange.cut = result.complete == false && !is_raw;
  exchange.body = &body_.kept();
  exchange.facts = {body_.size(), body_.is_decoded(), seen_.body_expected};
  return exchange;
}

void Transfer::append_records(ByteBuffer& out, HopResult& result) {
  if (has_records()) archive_->append(out, exchange(result), result);
}

bool Transfer::append_next_part(ByteBuffer& out, HopResult& result) {
  if (has_records() && archive_->append_next_part(out, exchange(result), result)) return true;
  return body_.append_next_part(out);
}

void Transfer::collect_facts(HopResult& result) const {
  result.response_code = head_.status();
  result.http_version = head_.version();
  result.content_type = head_.content_type();
  result.content_encoding = head_.content_encoding();
  if (ContentLength length = head_.content_length();
      length.state == ContentLength::State::valid && !head_.chunked())
    result.content_length = length.value;
  if (is_redirect_to_follow(head_.status()))
    for (std::string_view location : head_.locations()) result.locations.emplace_back(location);
  result.retry_after = head_.retry_after().value_or("");
  if (shared_.settings.options.response_headers) result.headers = head_.headers();
  result.size_download = body_.wire_bytes();
  result.size_body = body_.size();
  if (head_.complete() && seen_.body_expected) result.body_hash = body_.hash();
  result.size_header = head_.size();
  // Else it would tell of the hop before.
  if (handed_over_) collect_facts_of_connection(result);
  // libcurl's clock stands still while nothing comes.
  if (seen_.abort != Observed::Abort::none)
    result.times.total =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
  result.started_at = started_at_;
}

void Transfer::collect_facts_of_connection(HopResult& result) const {
  CURL* easy = easy_.get();
  result.num_connects = static_cast<int>(info<long>(easy, CURLINFO_NUM_CONNECTS));
  if (const char* ip = info<const char*>(easy, CURLINFO_PRIMARY_IP)) result.remote_ip = ip;
  result.remote_port = static_cast<int>(info<long>(easy, CURLINFO_PRIMARY_PORT));
  result.ssl_verify_result = info<long>(easy, CURLINFO_SSL_VERIFYRESULT);
  // What did not happen stays 0.
  auto time = [&](CURLINFO which) {
    auto since = info<curl_off_t>(easy, which);
    return since > 0 ? since + before_.count() : 0;
  };
  result.times.namelookup = time(CURLINFO_NAMELOOKUP_TIME_T);
  result.times.connect = time(CURLINFO_CONNECT_TIME_T);
  result.times.appconnect = time(CURLINFO_APPCONNECT_TIME_T);
  result.times.pretransfer = time(CURLINFO_PRETRANSFER_TIME_T);
  result.times.starttransfer = time(CURLINFO_STARTTRANSFER_TIME_T);
  result.times.total = time(CURLINFO_TOTAL_TIME_T);
}

}  // namespace fetchpool::engine
