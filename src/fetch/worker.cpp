#include "fetch/worker.h"

#include <curl/curl.h>
#include <malloc.h>
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "fetch/function_thread.h"
#include "fetch/hop.h"
#include "fetch/hop_window.h"
#include "fetch/limits.h"
#include "fetch/retry.h"
#include "fetch/transfer_loop.h"
#include "fetch/transfer_settings.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;
using ipc::Frame;
using ipc::FrameKind;

// Results are written together once there are so many bytes, or when nothing else is to do: one
// write per result costs half the speed.
constexpr std::size_t kBatch = std::size_t{256} << 10;
// Parts of large bodies are made only while fewer bytes wait to be written.
constexpr std::size_t kPartsAhead = std::size_t{512} << 10;
// And so many at most until the sockets get their turn: records for an archive take their time, and
// may be much smaller than what they are made of.
constexpr int kPartsAtOnce = 16;
constexpr auto kLongestBeat = 1s;

// The state of one fetch worker.
class Worker : private TransferObserver {
 public:
  Worker(process::WorkerLink& link, const TransferSettings& settings)
      : link_(link),
        channel_(link.channel()),
        loop_(settings, *this, channel_.writer().arena()),
        sends_bodies_(settings.options.warc ||
                      (settings.options.body != BodyForm::none && !settings.task.is_set())),
        function_timeout_(settings.options.function_timeout) {
    // Several beats within the time after which the parent gives this worker up.
    auto timeout = settings.options.worker_timeout;
    if (timeout.count() > 0) beat_ = std::min<Clock::duration>(kLongestBeat, timeout / 4);
    posix::set_nonblocking(channel_.in_fd(), true);
    posix::set_nonblocking(channel_.out_fd(), true);
    loop_.watch(channel_.in_fd(), EPOLLIN);
    if (!settings.task.is_set()) return;
    function_ = std::make_unique<FunctionThread>(settings.task, link.status(), settings.transfers);
    loop_.watch(function_->fd(), EPOLLIN);
  }

  int run() {
    tell_window();
    link_.ready();
    take_requests();
    while (!is_over()) turn();
    return 0;
  }

 private:
  struct LargeBody {
    Transfer* transfer;
    HopResult result;
  };

  bool is_over() const {
    bool nothing_left =
        loop_.is_idle() && large_.empty() && unsent_.empty() && !channel_.wants_to_write();
    return peer_gone_ || (stopping_ && nothing_left);
  }

  void turn() {
    link_.status().beat();
    bool is_behind = channel_.wants_to_write();
    // With results to write, look first whether there is more to do; write when there is not.
    bool waits = is_blocked_ || (!is_behind && large_.empty());
    bool foreign = loop_.run(waits ? longest_wait() : Clock::duration::zero());
    if (foreign) take_requests();
    if (function_) take_mapped();
    send_large_bodies();
    tell_window();
    if (channel_.writer().pending_bytes() >= kBatch || !loop_.has_served() || is_blocked_) write();
    if (!unsent_.empty() && !channel_.wants_to_write()) settle_unsent();
  }

  // A little fewer are not worth a message.
  void tell_window() {
    std::uint32_t wanted = window_.get(loop_.limit(), loop_.blocked());
    if (wanted <= told_window_ && wanted >= told_window_ - told_window_ / 8) return;
    told_window_ = wanted;
    link_.want(wanted);
  }

  Clock::duration longest_wait() const {
    if (!function_ || function_timeout_.count() == 0) return beat_;
    auto since = function_->running_since();
    if (!since) return std::min<Clock::duration>(beat_, function_timeout_);
    return std::clamp<Clock::duration>(*since + function_timeout_ - Clock::now(), 0s, beat_);
  }

  // Sends on what the function has come to.
  void take_mapped() {
    for (MappedHop& hop : function_->take_done()) {
      send_answer(*hop.transfer, hop.result, hop.answer);
      loop_.give_back(*hop.transfer);
    }
    if (function_timeout_.count() == 0) return;
    auto since = function_->running_since();
    if (!since || Clock::now() - *since < function_timeout_) return;
    auto stuck = function_->give_up_running("the function did not end within " +
                                            std::to_string(function_timeout_.count()) + " ms");
    if (!stuck) return;
    stuck->result.function_stuck = true;
    send_answer(*stuck->transfer, stuck->result, stuck->answer);
    write();
  }

  void send_answer(const Transfer& transfer, const HopResult& result, std::string_view answer) {
    for (; answer.size() > kLongestPart; answer.remove_prefix(kLongestPart))
      channel_.writer().add(FrameKind::part, transfer.job(), answer.substr(0, kLongestPart));
    ByteBuffer& frame = begin_done(transfer.job(), result);
    frame.append(answer);
    end_done(frame, FetchResult::Encoding::raw);
  }

  void take_requests() {
    // The first ones may have come together with the setup.
    do {
      while (auto frame = channel_.next()) take(*frame);
    } while (channel_.receive());
    if (channel_.at_end()) peer_gone_ = true;
  }

  void take(const Frame& frame) {
    if (frame.kind == FrameKind::stop) stopping_ = true;
    if (frame.kind == FrameKind::job)
      take_request(frame.job, HopRequest::decode(frame.payload.view()));
  }

  void take_request(std::uint64_t job, HopRequest request) {
    if (!request.url.empty()) {
      if (!comes_too_late(request)) return loop_.add(job, std::move(request));
      send_cancelled(job);
      return write();
    }
    if (request.bytes_per_second > 0)
      loop_.set_rate(request.bytes_per_second);
    else
      give_back(loop_.drop_waiting());
    give_back({job});
    write();
  }

  // Whether the hop was sent before the engine knew that its host asks for a pause.
  bool comes_too_late(const HopRequest& request) {
    auto asked = asked_for_pause_.find(request.host);
    if (asked == asked_for_pause_.end()) return false;
    if (request.pauses_seen < asked->second) return true;
    asked_for_pause_.erase(asked);
    return false;
  }

  void begin_pause(std::uint32_t host) {
    asked_for_pause_[host] = ++pauses_;
    give_back(loop_.drop_waiting(host));
  }

  // Hops that were not begun go back to the engine.
  void give_back(const std::vector<std::uint64_t>& jobs) {
    for (std::uint64_t job : jobs) send_cancelled(job);
  }

  void send_cancelled(std::uint64_t job) {
    HopResult result;
    result.outcome = Outcome::cancelled;
    end_done(begin_done(job, result), FetchResult::Encoding::none);
  }

  void write() {
    bool blocked = !channel_.flush();
    if (blocked != is_blocked_) loop_.watch(channel_.out_fd(), blocked ? EPOLLOUT : 0U);
    is_blocked_ = blocked;
  }

  void on_begin(std::uint64_t job, int slot) override { link_.status().begin(slot, job); }

  void on_connected(std::uint64_t job) override {
    channel_.writer().add(FrameKind::progress, job, std::string_view());
    write();
  }

  bool on_end(Transfer& transfer, HopResult& result) override {
    window_.ended(sends_bodies_ ? transfer.body().size() : 0);
    if (result.asks_for_pause()) begin_pause(transfer.request().host);
    if (function_) return on_end_of_page(transfer, result);
    if (!transfer.is_small()) {
      large_.push_back({&transfer, std::move(result)});
      return false;
    }
    part_.clear();
    transfer.append_records(part_, result);
    ByteBuffer& frame = begin_done(transfer.job(), result);
    frame.append(part_.view());
    end_done(frame, transfer.body().append_to(frame));
    if (is_settled_when_sent(transfer)) return false;
    link_.status().end(transfer.slot());
    return true;
  }

  // An answer can be lost with this process until it is in the channel. Where the request must not
  // be sent twice, the status page says until then that it was begun.
  bool is_settled_when_sent(Transfer& transfer) {
    if (is_idempotent(transfer.request().method)) return false;
    unsent_.push_back(&transfer);
    return true;
  }

  void settle_unsent() {
    // To give one back begins another, which may end at once.
    for (Transfer* transfer : std::exchange(unsent_, {})) {
      link_.status().end(transfer->slot());
      loop_.give_back(*transfer);
    }
  }

  // Of what is no page only the result is sent.
  bool on_end_of_page(Transfer& transfer, HopResult& result) {
    link_.status().end(transfer.slot());
    if (result.outcome == Outcome::ok && result.locations.empty()) {
      function_->add(transfer, std::move(result));
      return false;
    }
    end_done(begin_done(transfer.job(), result), FetchResult::Encoding::none);
    return true;
  }

  // The last frame of a hop: its result, the records for an archive and the body unless they were
  // sent before, and how the body is encoded.
  ByteBuffer& begin_done(std::uint64_t job, const HopResult& result) {
    head_.clear();
    result.encode(head_);
    ByteBuffer& frame = channel_.writer().begin(FrameKind::done, job);
    frame.append(head_);
    return frame;
  }

  void end_done(ByteBuffer& frame, FetchResult::Encoding encoding) {
    frame.append(static_cast<char>(encoding));
    channel_.writer().end();
  }

  // Sends large bodies part by part, one after the other, as fast as the parent takes them.
  void send_large_bodies() {
    for (int parts = 0;
         parts < kPartsAtOnce && !large_.empty() && channel_.writer().pending_bytes() < kPartsAhead;
         ++parts) {
      Transfer& transfer = *large_.front().transfer;
      if (send_next_part(transfer, large_.front().result)) continue;
      end_done(begin_done(transfer.job(), large_.front().result), transfer.body().encoding());
      large_.pop_front();
      if (is_settled_when_sent(transfer)) continue;
      link_.status().end(transfer.slot());
      loop_.give_back(transfer);
    }
  }

  // False when there was none left.
  bool send_next_part(Transfer& transfer, HopResult& result) {
    if (auto run = transfer.take_next_run()) {
      channel_.writer().add_run(FrameKind::part, transfer.job(), run->memory, run->size);
      return true;
    }
    ByteBuffer& frame = channel_.writer().begin(FrameKind::part, transfer.job());
    bool more = transfer.append_next_part(frame, result);
    channel_.writer().end();
    return more;
  }

  process::WorkerLink& link_;
  ipc::Channel& channel_;
  TransferLoop loop_;
  const bool sends_bodies_;
  std::unique_ptr<FunctionThread> function_;  // where pages are to be mapped
  std::chrono::milliseconds function_timeout_;
  Clock::duration beat_ = kLongestBeat;
  HopWindow window_{kBatch};
  std::uint32_t told_window_ = 0;
  std::deque<LargeBody> large_;
  std::vector<Transfer*> unsent_;  // ended, their answers not yet in the channel
  std::string head_;
  ByteBuffer part_;
  // Hosts that asked for a pause: the number of the answer that did, of all such answers.
  std::unordered_map<std::uint32_t, std::uint32_t> asked_for_pause_;
  std::uint32_t pauses_ = 0;
  bool is_blocked_ = false;  // the channel takes no more for now
  bool stopping_ = false;
  bool peer_gone_ = false;
};

// libcurl allocates its receive buffer for each transfer and frees it after. Where that is the end
// of the heap, the C library gives the pages back at once and gets them anew, zeroed by the kernel:
// 3 us of a 12 KB page. And small memory that is freed would be kept unmerged, and all of it be
// gone through whenever that buffer comes or goes: 1 us.
void keep_freed_memory() {
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_MXFAST, 0);
}

}  // namespace

int run_fetch_worker(process::WorkerLink& link) {
  keep_freed_memory();
  // A body that finds no room on the disk is no crash.
  std::signal(SIGXFSZ, SIG_IGN);
  if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) throw Error("libcurl cannot be initialised");
  return Worker(link, TransferSettings::decode(link.setup())).run();
}

}  // namespace fetchpool::engine
