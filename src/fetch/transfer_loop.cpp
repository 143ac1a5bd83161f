#include "fetch/transfer_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

// A gap longer than this between two looks at the clock means that the process was stopped.
constexpr auto kStopped = 1s;
constexpr int kEventsAtOnce = 256;
// What a transfer gets that is late because its bytes were not read, for the sake of the rate.
constexpr auto kHeldBack = 1s;
// In the data of an event: no socket of libcurl, but names that were looked up.
constexpr std::uint64_t kNameEvent = std::uint64_t{2} << 32;

}  // namespace

TransferLoop::TransferLoop(const TransferSettings& settings, TransferObserver& observer,
                           std::shared_ptr<ipc::SharedArena> arena)
    : shared_(settings, std::move(arena)),
      observer_(observer),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      multi_(curl_multi_init()),
      limit_(settings.paced ? ConcurrencyLimit::fixed(settings.transfers)
                            : ConcurrencyLimit(settings.transfers)),
      now_(Clock::now()) {
  if (!epoll_.is_open()) throw SystemError("cannot make an event loop", errno);
  if (!multi_) throw Error("no memory for transfers");
  if (settings.options.warc) shared_.exchange_writer = std::make_unique<archive::ExchangeWriter>();
  shared_.socket_closing = on_socket_closing;
  shared_.user = this;
  CURLM* multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, long{settings.transfers});
  // As many as there may be, or a host would get a second connection for those beyond a hundred.
  curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, long{settings.transfers});
  if (settings.options.limit_rate > 0) {
    budget_.set_rate(settings.bytes_per_second);
    others_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    if (!others_.is_open()) throw SystemError("cannot make an event loop", errno);
  }
  struct epoll_event names {};
  names.events = EPOLLIN;
  names.data.u64 = kNameEvent;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, names_.poll_fd(), &names) != 0)
    throw SystemError("cannot wait for host names", errno);
}

TransferLoop::~TransferLoop() {
  for (Transfer* transfer : active_) {
    if (!transfer) continue;
    curl_multi_remove_handle(multi_.get(), transfer->easy());
    connections_.leave(transfer->easy());
  }
  // Kept connections are closed with the multi handle, and their sockets are told to this object.
  multi_.reset();
}

int TransferLoop::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  auto& loop = *static_cast<TransferLoop*>(self);
  if (loop.budget_.is_on() && what != CURL_POLL_REMOVE) Transfer::of(easy).use_socket(socket);
  loop.want(socket, what);
  return 0;
}

int TransferLoop::on_timer(CURLM*, long milliseconds, void* self) {
  auto& loop = *static_cast<TransferLoop*>(self);
  if (milliseconds < 0)
    loop.timer_.reset();
  else if (milliseconds == 0)
    loop.timer_ = loop.now_;  // not a moment later, which would be slept for
  else
    loop.timer_ = Clock::now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

void TransferLoop::on_socket_closing(void* self, curl_socket_t socket) {
  auto& loop = *static_cast<TransferLoop*>(self);
  auto at = static_cast<std::size_t>(socket);
  // The kernel takes a closed socket out of the epoll set by itself.
  if (at < loop.registered_.size()) loop.registered_[at] = loop.wanted_[at] = 0;
}

// A kept-alive connection leaves and enters libcurl's interest twice for each page. Its socket
// stays registered between; an event nobody wants takes it out.
void TransferLoop::want(curl_socket_t socket, int what) {
  auto at = static_cast<std::size_t>(socket);
  if (at >= wanted_.size()) {
    wanted_.resize(at + 64);
    registered_.resize(at + 64);
  }
  auto wanted = static_cast<std::uint8_t>(what == CURL_POLL_REMOVE ? 0
                                          : what == CURL_POLL_IN   ? kRead
                                          : what == CURL_POLL_OUT  ? kWrite
                                                                   : kRead | kWrite);
  wanted_[at] = wanted;
  std::uint8_t registered = registered_[at];
  bool surplus_write = (registered & kWrite) && !(wanted & kWrite);
  if (wanted == 0 || ((wanted & ~registered) == 0 && !surplus_write)) return;
  auto now = static_cast<std::uint8_t>(kRead | (wanted & kWrite));
  struct epoll_event event {};
  event.events = EPOLLIN | (now & kWrite ? EPOLLOUT : 0U);
  event.data.fd = socket;
  if (epoll_ctl(epoll_.get(), registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) == 0)
    registered_[at] = now;
}

void TransferLoop::watch(int fd, std::uint32_t events) {
  struct epoll_event event {};
  event.events = events;
  event.data.u64 = 1ULL << 32 | static_cast<std::uint32_t>(fd);
  for (int epoll : {epoll_.get(), others_.get()}) {
    if (epoll < 0) continue;
    if (events == 0) {
      epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
    } else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0 &&
               epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
      throw SystemError("cannot wait for a descriptor", errno);
    }
  }
}

void TransferLoop::add(std::uint64_t job, HopRequest request) {
  HostQueue& host = hosts_[request.host];
  std::uint32_t id = request.host;
  change(host, [&] {
    host.quota = std::max<std::uint32_t>(request.host_quota, 1);
    host.waiting.push_back({job, std::move(request)});
  });
  line_up(id, host);
  begin_next();
}

std::vector<std::uint64_t> TransferLoop::drop_waiting() {
  std::vector<std::uint64_t> jobs;
  for (auto& [id, host] : hosts_) {
    auto of_host = drop_waiting(id);
    jobs.insert(jobs.end(), of_host.begin(), of_host.end());
  }
  return jobs;
}

std::vector<std::uint64_t> TransferLoop::drop_waiting(std::uint32_t id) {
  std::vector<std::uint64_t> jobs;
  auto host = hosts_.find(id);
  if (host == hosts_.end()) return jobs;
  for (const Waiting& hop : host->second.waiting) jobs.push_back(hop.job);
  change(host->second, [&] { host->second.waiting.clear(); });
  return jobs;
}

template <class Change>
void TransferLoop::change(HostQueue& host, Change&& change_it) {
  blocked_ -= host.blocked();
  change_it();
  blocked_ += host.blocked();
}

void TransferLoop::line_up(std::uint32_t id, HostQueue& host) {
  if (host.in_line || !host.may_begin()) return;
  host.in_line = true;
  in_line_.push_back(id);
}

// Hosts take turns.
void TransferLoop::begin_next() {
  while (!in_line_.empty() && running_ < limit_.get()) {
    std::uint32_t id = in_line_.front();
    in_line_.pop_front();
    HostQueue& host = hosts_.at(id);
    host.in_line = false;
    if (!host.may_begin()) {
      forget_if_done(id, host);
      continue;
    }
    Waiting hop = std::move(host.waiting.front());
    change(host, [&] {
      host.waiting.pop_front();
      ++host.running;
    });
    line_up(id, host);
    begin(std::move(hop));
  }
}

void TransferLoop::forget_if_done(std::uint32_t id, const HostQueue& host) {
  if (host.running == 0 && host.waiting.empty() && !host.in_line) hosts_.erase(id);
}

Transfer& TransferLoop::idle_transfer() {
  if (idle_.empty()) {
    transfers_.push_back(std::make_unique<Transfer>(shared_));
    return *transfers_.back();
  }
  Transfer& transfer = *idle_.back();
  idle_.pop_back();
  return transfer;
}

void TransferLoop::begin(Waiting&& hop) {
  int slot;
  if (free_slots_.empty()) {
    slot = static_cast<int>(active_.size());
    active_.push_back(nullptr);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  Transfer& transfer = idle_transfer();
  active_[static_cast<std::size_t>(slot)] = &transfer;
  ++running_;
  observer_.on_begin(hop.job, slot);
  bool tell = hop.request.tell_connected;
  transfer.start(hop.job, std::move(hop.request), slot, now_);
  next_deadline_ = std::min(next_deadline_, transfer.deadline());
  next_look_ = std::min(next_look_, transfer.next_look());
  if (tell) to_tell_.push_back(&transfer);
  connect(transfer);
}

void TransferLoop::connect(Transfer& transfer) {
  if (!transfer.needs_name()) return hand_over(transfer);
  const NameAnswer* answer = names_.find(transfer.needs_name()->name, transfer, now_);
  if (answer) return use(transfer, *answer);
  TimePoint until = TimePoint::max();
  if (transfer.request().may_be_postponed) {
    bool is_slow = names_.is_slow(transfer.needs_name()->name, now_);
    until = is_slow ? now_ : now_ + HostNames::kPatience;
  }
  transfer.wait_for_name(until);
  next_deadline_ = std::min(next_deadline_, transfer.deadline());
}

void TransferLoop::use(Transfer& transfer, const NameAnswer& answer) {
  const NamedHost& host = *transfer.needs_name();
  transfer.use(answer, names_.was_told(host.name, host.port, now_));
  if (transfer.is_aborted()) return nameless_.push_back(&transfer);
  hand_over(transfer);
}

void TransferLoop::hand_over(Transfer& transfer) {
  transfer.hand_over(now_);
  connections_.join(transfer.easy(), shared_.sockets_opened);
  curl_multi_add_handle(multi_.get(), transfer.easy());
}

void TransferLoop::take_names() {
  has_names_ = false;
  for (auto& [transfer, answer] : names_.take_answered(now_)) use(*transfer, answer);
}

bool TransferLoop::run(Clock::duration timeout) {
  TimePoint until = now_ + timeout;
  if (running_ > 0) until = std::min({until, next_deadline_, next_look_});
  if (timer_ && has_budget()) until = std::min(until, *timer_);
  if (!nameless_.empty()) until = now_;
  if (running_ >= limit_.get() && limit_.is_reduced())
    until = std::min(until, now_ + ConcurrencyLimit::kWindow);
  bool foreign = serve_sockets(std::max(until - now_, Clock::duration::zero()));
  serve_timer();
  collect();
  if (now_ >= next_look_) end_slow_ones();
  if (now_ >= next_deadline_) {
    // Sockets once more before judging: only who is silent after a fresh look is late.
    for (int turn = 0; turn < 50 && running_ > 0; ++turn) {
      foreign = serve_sockets(Clock::duration::zero()) || foreign;
      serve_timer();
      if (!served_) break;
    }
    collect();
    end_late_ones();
  }
  tell_connected();
  return foreign;
}

// Whether more may be read, once what was received is paid for.
bool TransferLoop::has_budget() {
  if (!budget_.is_on()) return true;
  std::uint64_t bytes = shared_.received - paid_for_;
  paid_for_ = shared_.received;
  if (bytes > 0) budget_.take(now_, bytes);
  return budget_.opens_at() <= now_;
}

// Leaves the sockets alone. What they hold back then is no fault of their servers.
bool TransferLoop::wait_for_budget(Clock::duration timeout) {
  TimePoint before = now_;
  timeout = std::min(timeout, budget_.opens_at() - now_);
  int wait = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
  struct epoll_event event;
  bool foreign = epoll_wait(others_.get(), &event, 1, wait) > 0;
  now_ = Clock::now();
  discount_stop(before, timeout);
  served_ = false;
  return foreign;
}

bool TransferLoop::serve_sockets(Clock::duration timeout) {
  if (!has_budget()) return wait_for_budget(timeout);
  std::array<struct epoll_event, kEventsAtOnce> events;
  int wait = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
  TimePoint before = now_;
  TimePoint asked = Clock::now();
  // With a limited rate one at a time, so that all have their turn.
  int most = budget_.is_on() ? 1 : kEventsAtOnce;
  int count = epoll_wait(epoll_.get(), events.data(), most, wait);
  now_ = Clock::now();
  Clock::duration waited = now_ - asked;
  discount_stop(before, timeout);
  bool foreign = false;
  served_ = false;
  for (int i = 0; i < count; ++i) {
    const struct epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 >> 32) {
      bool is_name = event.data.u64 == kNameEvent;
      has_names_ = has_names_ || is_name;
      foreign = foreign || !is_name;
      continue;
    }
    int socket = event.data.fd;
    auto at = static_cast<std::size_t>(socket);
    if (wanted_[at] == 0) {
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
      registered_[at] = 0;
      continue;
    }
    int what = (event.events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (event.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    int still_running = 0;
    served_ = true;
    curl_multi_socket_action(multi_.get(), socket, what, &still_running);
  }
  adapt_limit(asked - before, waited);
  return foreign;
}

void TransferLoop::adapt_limit(Clock::duration worked, Clock::duration waited) {
  const body::BlockPool& memory = shared_.body_memory;
  std::uint64_t refused = std::exchange(refused_, memory.refused());
  if (refused != refused_) limit_.lacked_memory();
  limit_.add(worked, waited, running_, memory.large_bodies());
  begin_next();
}

void TransferLoop::serve_timer() {
  // Timers make libcurl read, too.
  if (!timer_ || *timer_ > now_ || !has_budget()) return;
  timer_.reset();
  int still_running = 0;
  curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &still_running);
}

void TransferLoop::discount_stop(TimePoint before, Clock::duration expected) {
  if (now_ - before - expected < kStopped) return;
  // When in that time the stop began is not known: a transfer gets all of it back, so that one
  // that was about to be late still has what it had left.
  for (Transfer* transfer : active_)
    if (transfer) transfer->add_time(now_ - before);
  if (next_deadline_ != TimePoint::max()) next_deadline_ += now_ - before;
  if (next_look_ != TimePoint::max()) next_look_ += now_ - before;
}

void TransferLoop::collect() {
  if (has_names_) take_names();
  // To end one may begin another, which may be another one of these.
  for (Transfer* transfer : std::exchange(nameless_, {}))
    end(*transfer, CURLE_COULDNT_RESOLVE_HOST);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left))
    if (message->msg == CURLMSG_DONE) end(Transfer::of(message->easy_handle), message->data.result);
}

void TransferLoop::end(Transfer& transfer, CURLcode code) {
  HopResult result = transfer.finish(code);
  if (result.name_pending)
    names_.postpone(transfer.needs_name()->name, transfer);
  else if (transfer.waits_for_name())
    names_.leave(transfer.needs_name()->name, transfer);
  curl_multi_remove_handle(multi_.get(), transfer.easy());
  connections_.leave(transfer.easy());
  // An address that did not work is asked for anew.
  bool unreached = result.outcome == Outcome::connect || result.outcome == Outcome::timeout_connect;
  if (unreached && transfer.needs_name()) names_.forget(transfer.needs_name()->name);
  // Ended, but its slot is taken until its body has gone.
  active_[static_cast<std::size_t>(transfer.slot())] = nullptr;
  std::erase(to_tell_, &transfer);
  std::erase(nameless_, &transfer);
  if (observer_.on_end(transfer, result)) give_back(transfer);
}

void TransferLoop::give_back(Transfer& transfer) {
  free_slots_.push_back(transfer.slot());
  idle_.push_back(&transfer);
  --running_;
  transfer.body().clear();
  std::uint32_t id = transfer.request().host;
  HostQueue& host = hosts_.at(id);
  change(host, [&] { --host.running; });
  line_up(id, host);
  forget_if_done(id, host);
  begin_next();
}

void TransferLoop::end_late_ones() {
  next_deadline_ = TimePoint::max();
  for (std::size_t slot = 0; slot < active_.size(); ++slot) {
    Transfer* transfer = active_[slot];
    if (!transfer) continue;
    if (transfer->deadline() <= now_ && !excuse_held_back(*transfer)) {
      transfer->abort(transfer->late_for());
      end(*transfer, CURLE_OPERATION_TIMEDOUT);
    } else {
      next_deadline_ = std::min(next_deadline_, transfer->deadline());
    }
  }
}

// Gives more time to a transfer that was not served because of the limited rate.
bool TransferLoop::excuse_held_back(Transfer& transfer) {
  if (!budget_.is_on() || !transfer.waits_for_us()) return false;
  transfer.add_time(kHeldBack);
  return true;
}

// Without another look at the sockets: for a transfer that never stops to bring bytes, and nothing
// but these, that would take long.
void TransferLoop::end_slow_ones() {
  next_look_ = TimePoint::max();
  for (std::size_t slot = 0; slot < active_.size(); ++slot) {
    Transfer* transfer = active_[slot];
    if (!transfer) continue;
    bool is_slow = transfer->next_look() <= now_ && transfer->is_too_slow(now_);
    if (is_slow && !excuse_held_back(*transfer)) {
      transfer->abort(Observed::Abort::low_speed);
      end(*transfer, CURLE_OPERATION_TIMEDOUT);
    } else {
      next_look_ = std::min(next_look_, transfer->next_look());
    }
  }
}

void TransferLoop::tell_connected() {
  std::erase_if(to_tell_, [this](Transfer* transfer) {
    if (!transfer->is_connected()) return false;
    observer_.on_connected(transfer->job());
    return true;
  });
}

}  // namespace fetchpool::engine
