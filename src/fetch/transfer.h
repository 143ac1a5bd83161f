// One HTTP exchange by libcurl, and what was seen of it.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/posix.h"
#include "fetch/connection_settings.h"
#include "fetch/curl_handles.h"
#include "fetch/hop.h"
#include "fetch/hop_outcome.h"
#include "fetch/host_names.h"
#include "fetch/received_body.h"
#include "fetch/request_headers.h"
#include "fetch/request_url.h"
#include "fetch/response_head.h"
#include "fetch/speed_watch.h"
#include "fetch/transfer_archive.h"
#include "fetch/transfer_settings.h"

namespace fetchpool::engine {

// What all transfers of one loop share.
struct TransferShared {
  // What is sent of bodies may lie in `arena`, which may be null.
  TransferShared(const TransferSettings& all_settings, std::shared_ptr<ipc::SharedArena> arena)
      : settings(all_settings),
        body_memory(body::BlockPool::kDefaultMost,
                    settings.only_sends_bodies() ? std::move(arena) : nullptr) {}

  TransferSettings settings;
  RequestHeaders headers{settings.options};
  ConnectionSettings connection{settings.options};
  body::WholeDecoder whole_decoder;
  body::BlockPool body_memory;
  std::unique_ptr<archive::ExchangeWriter> exchange_writer;  // where an archive is asked for
  // Told when libcurl closes a socket, before it is closed.
  void (*socket_closing)(void* user, curl_socket_t socket) = nullptr;
  void* user = nullptr;
  std::uint64_t sockets_opened = 0;
  std::uint64_t received = 0;  // bytes of heads and bodies, of all transfers so far
};

// Owns an easy handle and serves one hop after the other. After start() the handle is to be given
// to a multi handle; when that says it is done, finish() makes the result.
class Transfer {
 public:
  // `shared` must outlive this object. Throws Error where libcurl has no memory.
  explicit Transfer(TransferShared& shared);
  ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void start(std::uint64_t job, HopRequest request, int slot, TimePoint now);
  // The host whose addresses it has to be given before it can go on; nothing where it needs none.
  const std::optional<NamedHost>& needs_name() const { return host_; }
  // Its time goes on. At `until` it is late for Abort::name_pending, where nothing else comes
  // first.
  void wait_for_name(TimePoint until);
  bool waits_for_name() const { return seen_.waits_for_name; }
  // Its addresses, to be told to libcurl, or that there are none: then it ends, and finish() is to
  // follow.
  void use(const NameAnswer& answer, bool libcurl_knows);
  // libcurl has it from now on.
  void hand_over(TimePoint now);

  // Ends the hop for a reason of ours; finish() is to follow.
  void abort(Observed::Abort why) { seen_.abort = why; }
  bool is_aborted() const { return seen_.abort != Observed::Abort::none; }
  HopResult finish(CURLcode code);

  // Sending what the hop brought, after finish(): the records for an archive, where one is asked
  // for, then the body in the form that is.

  // Whether both make one part of a message.
  bool is_small() const { return body_.is_small(); }
  // Appends all records and notes them in `result`. Requires is_small().
  void append_records(ByteBuffer& out, HopResult& result);
  // Appends the next part, which may be empty, of the records and then of the body; false when
  // there was none left. `result` is to be sent after that.
  bool append_next_part(ByteBuffer& out, HopResult& result);
  // As ReceivedBody::take_next_run.
  std::optional<body::BlockBuffer::Run> take_next_run() { return body_.take_next_run(); }

  CURL* easy() const { return easy_.get(); }
  std::uint64_t job() const { return job_; }
  int slot() const { return slot_; }
  const HopRequest& request() const { return request_; }
  ReceivedBody& body() { return body_; }
  // When it is late, and for what.
  TimePoint deadline() const;
  Observed::Abort late_for() const;
  // When to look whether it is too slow.
  TimePoint next_look() const { return speed_.next_look(); }
  bool is_too_slow(TimePoint now);
  // Moves all its deadlines.
  void add_time(Clock::duration more);
  bool is_connected() const { return seen_.connection_ready; }
  // Where the rate is limited: its socket, and whether there is something to be done with that.
  void use_socket(curl_socket_t socket) { socket_ = socket; }
  bool waits_for_us() const;

  static Transfer& of(CURL* easy);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_ready(void* self, char*, char*, int, int);
  static curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static int on_close_socket(void* shared, curl_socket_t socket);

  void set_up();
  void use_content();
  void use_headers();
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  bool body_begins();
  void observe(CURLcode code);
  void ask_libcurl(CURLcode code);
  void collect_facts(HopResult& result) const;
  void collect_facts_of_connection(HopResult& result) const;
  bool has_records() const { return archive_ && head_.complete(); }
  archive::Exchange exchange(const HopResult& result) const;

  TransferShared& shared_;
  RequestUrl request_url_;
  CurlEasy easy_;
  char error_text_[CURL_ERROR_SIZE] = {};
  std::uint64_t job_ = 0;
  int slot_ = 0;
  HopRequest request_;
  CurlList own_headers_;
  curl_slist* header_lines_ = nullptr;  // of this hop, with those of all requests
  ResponseHead head_;
  ReceivedBody body_;
  std::unique_ptr<TransferArchive> archive_;  // where one is asked for
  bool body_begun_ = false;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  Observed seen_;
  std::optional<NamedHost> host_;
  CurlList addresses_;  // read by libcurl when the hop begins, and not copied
  bool handed_over_ = false;
  TimePoint began_{};
  std::chrono::microseconds before_{0};  // from its beginning until libcurl had it
  TimePoint connect_deadline_ = TimePoint::max();
  TimePoint name_deadline_ = TimePoint::max();
  TimePoint deadline_ = TimePoint::max();
  SpeedWatch speed_;
  std::int64_t started_at_ = 0;
};

}  // namespace fetchpool::engine
