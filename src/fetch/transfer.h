// One HTTP exchange by libcurl, and what was seen of it.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <optional>

#include "base/posix.h"
#include "fetch/curl_handles.h"
#include "fetch/hop.h"
#include "fetch/hop_outcome.h"
#include "fetch/received_body.h"
#include "fetch/response_head.h"
#include "fetch/transfer_settings.h"

namespace fetchpool::engine {

// What all transfers of one loop share.
struct TransferShared {
  TransferSettings settings;
  CurlList request_headers;
  CurlList harmless_headers;  // those of them that any origin may see
  body::WholeDecoder whole_decoder;
  // Told when libcurl closes a socket, before it is closed.
  void (*socket_closing)(void* user, curl_socket_t socket) = nullptr;
  void* user = nullptr;
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
  // Ends the hop for a reason of ours; finish() is to follow.
  void abort(Observed::Abort why) { seen_.abort = why; }
  HopResult finish(CURLcode code);

  CURL* easy() const { return easy_.get(); }
  std::uint64_t job() const { return job_; }
  int slot() const { return slot_; }
  const HopRequest& request() const { return request_; }
  ReceivedBody& body() { return body_; }
  // When it is late, and for what.
  TimePoint deadline() const;
  Observed::Abort late_for() const;
  // Moves all its deadlines.
  void add_time(Clock::duration more);
  // Whether an address of the host is known, and the connection stands.
  bool is_resolved() const { return seen_.socket_opened; }
  bool is_connected() const { return seen_.connection_ready; }

  static Transfer& of(CURL* easy);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_ready(void* self, char*, char*, int, int);
  static curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static int on_close_socket(void* shared, curl_socket_t socket);

  void set_up();
  void use_headers();
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  bool body_begins();
  void observe(CURLcode code);
  void collect_facts(HopResult& result) const;

  TransferShared& shared_;
  CurlEasy easy_;
  char error_text_[CURL_ERROR_SIZE] = {};
  std::uint64_t job_ = 0;
  int slot_ = 0;
  HopRequest request_;
  ResponseHead head_;
  ReceivedBody body_;
  bool body_begun_ = false;
  Observed seen_;
  TimePoint began_{};
  TimePoint connect_deadline_ = TimePoint::max();
  TimePoint deadline_ = TimePoint::max();
  std::int64_t started_at_ = 0;
};

}  // namespace fetchpool::engine
