#include "fetch/engine.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/wire.h"
#include "fetch/limits.h"
#include "fetch/retry.h"
#include "fetch/url.h"
#include "fetch/worker.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

// Requests held at once: enough to find work for every slot when a list names one host for long,
// few enough that a list of any length costs the same memory.
constexpr std::size_t kMostHeld = 8192;
// Deaths while running alone after which a URL is given up; from outside (SIGKILL) more are
// needed, since the URL may have nothing to do with them.
constexpr int kDeathsAlone = 3;
constexpr int kKillsAlone = 10;
// A worker that is not ready for so long does not count as one.
constexpr auto kMissing = 1s;
// In the id of a job that belongs to no request.
constexpr Schedule::Ticket kNoTicket = 0xffffffff;

process::SupervisorOptions supervisor_options(const FetchOptions& options, int workers) {
  process::SupervisorOptions supervisor;
  supervisor.function = run_fetch_worker;
  supervisor.setup = TransferSettings{options, options.concurrency}.encode();
  supervisor.running_per_worker = options.concurrency;
  supervisor.jobs_per_worker = options.concurrency * 2 + 16;
  supervisor.transport = process::SupervisorOptions::Transport::pipes;
  // More in all would use up the pipe quota of an ordinary user.
  supervisor.pipe_bytes =
      std::min(std::size_t{1} << 20, (std::size_t{16} << 20) / static_cast<std::size_t>(workers));
  supervisor.max_payload = kLongestPart + options.max_header_bytes * 2 + (std::size_t{1} << 20);
  supervisor.descriptors = process::WorkerDescriptors::only_its_own;
  supervisor.silent_for = options.worker_timeout;
  return supervisor;
}

// Longer than the silence for which the supervisor ends a worker, so that a worker that does
// nothing at all is ended for that.
Clock::duration patience(const FetchOptions& options) {
  return options.worker_timeout * 3 / 2;
}

Schedule::Options schedule_options(const FetchOptions& options, int workers) {
  Schedule::Options schedule;
  schedule.total = options.concurrency;
  schedule.per_host = options.per_host;
  schedule.workers = workers;
  return schedule;
}

int worker_count(const FetchOptions& options) {
  return options.processes > 0 ? options.processes : posix::usable_cpus();
}

}  // namespace

Engine::Engine(const FetchOptions& options)
    : options_(checked(options, worker_count(options), warnings_)),
      workers_(options_.processes),
      supervisor_(process::Spawner::obtain(
                      {.keep_descriptors = false, .allow_threads = options.allow_threads}),
                  supervisor_options(options_, workers_)),
      schedule_(schedule_options(options_, workers_)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      turn_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_.is_open() || !timer_.is_open() || !turn_.is_open())
    throw SystemError("cannot make the descriptors of an event loop", errno);
  for (int fd : {supervisor_.poll_fd(), timer_.get(), turn_.get()}) {
    struct epoll_event event {};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      throw SystemError("cannot wait for the workers", errno);
  }
  for (int worker = 0; worker < workers_; ++worker) {
    int place = supervisor_.add_worker();
    places_.push_back(place);
    if (worker_of_.size() <= static_cast<std::size_t>(place))
      worker_of_.resize(static_cast<std::size_t>(place) + 1, -1);
    worker_of_[static_cast<std::size_t>(place)] = worker;
  }
  room_.resize(places_.size());
  ready_at_.resize(places_.size(), Clock::now());
}

std::size_t Engine::room() const {
  return stopped_ || held_ >= kMostHeld ? 0 : kMostHeld - held_;
}

Request& Engine::new_request() {
  Schedule::Ticket ticket;
  if (free_.empty()) {
    ticket = static_cast<Schedule::Ticket>(requests_.size());
    requests_.emplace_back();
  } else {
    ticket = free_.back();
    free_.pop_back();
  }
  Request& request = requests_[ticket];
  request.ticket = ticket;
  request.seq = next_seq_++;
  ++held_;
  return request;
}

std::uint64_t Engine::submit(std::string_view input) {
  Request& request = new_request();
  std::uint64_t seq = request.seq;
  request.submitted = Clock::now();
  auto parsed = parse_url(input);
  if (auto* error = std::get_if<UrlError>(&parsed)) {
    request.chain = Chain(std::string(input), {});
    give_back(request, request.chain.result(error->outcome, std::move(error->reason)));
  } else {
    request.chain = Chain(std::string(input), std::move(std::get<Url>(parsed)));
    wait_again(request);
  }
  ask_for_turn();
  return seq;
}

std::vector<FetchResult>& Engine::wait(std::optional<Clock::duration> timeout) {
  take_turn();
  std::optional<TimePoint> end;
  if (timeout) end = Clock::now() + *timeout;
  while (finished_.empty() && held_ > 0) {
    TimePoint now = Clock::now();
    auto left = end ? std::max(*end - now, Clock::duration::zero()) : Clock::duration(1h);
    turn(std::min(left, until_timer(now)));
    if (end && Clock::now() >= *end) break;
  }
  results_.clear();
  std::swap(results_, finished_);
  held_ -= results_.size();
  arm_timer();
  return results_;
}

void Engine::turn(Clock::duration timeout) {
  dispatch();
  for (const process::Event& event : supervisor_.wait(timeout)) on_event(event);
  // What became possible goes out at once: the caller may be away for a while.
  dispatch();
  supervisor_.send();
  watch_workers();
  for (std::string& warning : supervisor_.take_warnings()) warnings_.push_back(std::move(warning));
}

// The supervisor wakes at least as often as this wants to look, as long as jobs are outstanding.
void Engine::watch_workers() {
  TimePoint now = Clock::now();
  if (options_.worker_timeout.count() == 0 || cancelled_ || now < next_watch_) return;
  next_watch_ = now + HopWatch(patience(options_)).tick();
  std::vector<std::vector<Request*>> sent(watches_.size());
  for (Request& request : requests_)
    if (request.state == Request::State::running)
      sent[static_cast<std::size_t>(request.place)].push_back(&request);
  for (std::size_t place = 0; place < sent.size(); ++place)
    watch_worker(static_cast<int>(place), sent[place], now);
}

void Engine::watch_worker(int place, const std::vector<Request*>& sent, TimePoint now) {
  const process::StatusPage& status = supervisor_.status(place);
  // Counted first: what begins after it is seen at the next look.
  std::uint64_t begun = status.started();
  std::vector<process::StatusPage::Running> running = status.running();
  std::vector<HopWatch::Hop> hops;
  for (const Request* request : sent) {
    bool runs = std::any_of(running.begin(), running.end(),
                            [&](const auto& entry) { return entry.job == request->job; });
    hops.push_back({request->job, runs, request->limit});
  }
  HopWatch::Finding finding = watches_[static_cast<std::size_t>(place)].look(now, hops, begun);
  if (finding == HopWatch::Finding::fine) return;
  warnings_.push_back("worker process " + std::to_string(supervisor_.pid(place)) +
                      (finding == HopWatch::Finding::deaf ? " does not take up its work"
                                                          : " does not end a transfer") +
                      " and was replaced");
  supervisor_.kill_worker(place);
}

Clock::duration Engine::until_timer(TimePoint now) const {
  auto next = schedule_.next_time();
  if (!next || stopped_ || oldest_held_) return 1h;
  return std::max(*next - now, Clock::duration::zero());
}

// Makes poll_fd() readable when there is something to do that no worker tells of. A timer that was
// set stays until it fires, even if it turns out too early: to set one costs a virtual machine
// more than to wake up once for nothing.
void Engine::arm_timer() {
  if (!finished_.empty()) ask_for_turn();
  if (timer_at_ <= Clock::now()) {
    std::uint64_t times = 0;
    (void)!read(timer_.get(), &times, sizeof times);
    timer_at_ = TimePoint::max();
  }
  auto next = schedule_.next_time();
  if (!next || stopped_ || oldest_held_ || *next >= timer_at_) return;
  timer_at_ = *next;
  auto ns = std::chrono::nanoseconds(timer_at_.time_since_epoch()).count();
  struct itimerspec spec {};
  spec.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  spec.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

// What was called outside wait() needs a wait() to take effect.
void Engine::ask_for_turn() {
  if (turn_asked_) return;
  turn_asked_ = true;
  std::uint64_t one = 1;
  (void)!write(turn_.get(), &one, sizeof one);
}

void Engine::take_turn() {
  if (!turn_asked_) return;
  turn_asked_ = false;
  std::uint64_t count = 0;
  (void)!read(turn_.get(), &count, sizeof count);
}

void Engine::hold(bool on, bool oldest_too) {
  bool lets_go = (on_hold_ && !on) || (oldest_held_ && !oldest_too);
  if (lets_go) ask_for_turn();
  on_hold_ = on;
  oldest_held_ = on && oldest_too;
}

void Engine::dispatch() {
  if (cancelled_ || oldest_held_) return;
  // On hold, the oldest request goes on all the same: whoever asked for the hold may be waiting for
  // its result to have room again.
  std::uint64_t highest =
      on_hold_ ? lowest_unfinished() : std::numeric_limits<std::uint64_t>::max();
  feed_suspects(highest);
  TimePoint now = Clock::now();
  look_at_workers(now);
  while (auto start = schedule_.next(now, room_, highest)) send(*start);
  send_solo();
}

// A worker that is not there for long (it cannot be started, say) leaves its slots to the others.
void Engine::look_at_workers(TimePoint now) {
  for (std::size_t worker = 0; worker < places_.size(); ++worker) {
    room_[worker] = supervisor_.room(places_[worker]);
    if (supervisor_.is_ready(places_[worker])) ready_at_[worker] = now;
    schedule_.set_usable(static_cast<int>(worker), now - ready_at_[worker] < kMissing);
  }
}

std::uint64_t Engine::lowest_unfinished() const {
  std::uint64_t lowest = next_seq_;
  for (const Request& request : requests_)
    if (request.state != Request::State::free) lowest = std::min(lowest, request.seq);
  return lowest;
}

// Lets as many suspects into the schedule as there may be workers that run one alone.
void Engine::feed_suspects(std::uint64_t highest) {
  auto most = static_cast<std::size_t>(std::max(workers_, 8));
  for (auto at = suspects_.begin(); at != suspects_.end() && solo_admitted_ < most;) {
    Request& request = requests_[*at];
    if (request.seq > highest) {
      ++at;
      continue;
    }
    schedule_.add_alone(request.host, request.ticket, request.seq);
    at = suspects_.erase(at);
    ++solo_admitted_;
  }
}

void Engine::send(const Schedule::Start& start) {
  requests_[start.ticket].worker = start.worker;
  if (start.worker == Schedule::kAlone) {
    solo_pending_.push_back(start);
    return;
  }
  auto worker = static_cast<std::size_t>(start.worker);
  --room_[worker];
  send_to(places_[worker], start);
}

void Engine::send_to(int place, const Schedule::Start& start) {
  Request& request = requests_[start.ticket];
  request.state = Request::State::running;
  request.place = place;
  // A job's id is the request's ticket and a serial number, so that an answer finds its request
  // and an old answer finds none.
  request.job = next_serial_++ << 32 | request.ticket;
  int attempts = request.chain.attempts();
  HopRequest hop = request.chain.next_hop(options_);
  if (attempts > 0 && request.chain.attempts() > attempts) ++retries_;
  hop.host = start.host;
  hop.host_quota = start.quota;
  hop.tell_connected = start.host_is_new;
  hop.pauses_seen = pauses_seen(place);
  request.limit =
      hop.time_left.count() > 0 ? hop.time_left + options_.connect_timeout : Clock::duration{0};
  if (watches_.size() <= static_cast<std::size_t>(place))
    watches_.resize(static_cast<std::size_t>(place) + 1, HopWatch(patience(options_)));
  supervisor_.submit(place, request.job, hop.encode());
}

// Of the worker at the place: how many of its answers asked for a pause.
std::uint32_t& Engine::pauses_seen(int place) {
  auto at = static_cast<std::size_t>(place);
  if (pauses_seen_.size() <= at) pauses_seen_.resize(at + 1);
  return pauses_seen_[at];
}

void Engine::send_solo() {
  for (auto& solo : solo_) {
    if (solo_pending_.empty()) break;
    if (solo.busy || supervisor_.room(solo.place) == 0) continue;
    solo.busy = true;
    Schedule::Start start = solo_pending_.front();
    solo_pending_.pop_front();
    send_to(solo.place, start);
  }
  auto idle = static_cast<std::size_t>(
      std::count_if(solo_.begin(), solo_.end(), [](const SoloPlace& solo) { return !solo.busy; }));
  for (; idle < solo_pending_.size(); ++idle) solo_.push_back({supervisor_.add_worker(), false});
  if (solo_admitted_ == 0 && suspects_.empty()) close_idle_solo_places();
}

void Engine::close_idle_solo_places() {
  for (const SoloPlace& solo : solo_) supervisor_.remove_worker(solo.place);
  solo_.clear();
}

Request* Engine::running(std::uint64_t job) {
  auto ticket = static_cast<Schedule::Ticket>(job);
  if (ticket >= requests_.size()) return nullptr;
  Request& request = requests_[ticket];
  return request.state == Request::State::running && request.job == job ? &request : nullptr;
}

void Engine::on_event(const process::Event& event) {
  using Kind = process::Event::Kind;
  if (event.kind == Kind::ready) {
    pauses_seen(event.worker) = 0;
    return;
  }
  Request* request = running(event.job);
  if (!request) return;  // cancelled meanwhile
  switch (event.kind) {
    case Kind::progress:
      schedule_.connected(request->host);
      break;
    case Kind::part:
      watches_[static_cast<std::size_t>(request->place)].part_came();
      request->body.append(event.bytes);
      break;
    case Kind::done:
      on_answer(*request, event);
      break;
    case Kind::lost:
      on_lost(*request, event);
      break;
    case Kind::ready:
      break;
  }
}

void Engine::on_answer(Request& request, const process::Event& event) {
  try {
    std::string_view body;
    HopResult hop = HopResult::decode(event.bytes.view(), body);
    auto offset = static_cast<std::size_t>(body.data() - event.bytes.data());
    request.body.append(event.bytes.slice(offset, body.size()));
    on_done(request, std::move(hop));
  } catch (const WireError& error) {
    // A whole frame with a senseless inside: nothing that this worker says can be trusted.
    warnings_.push_back(error.what());
    supervisor_.kill_worker(request.place);
    release(request);
    suspect(request);
  }
}

// Gives the schedule and the solo lane back what the hop held.
void Engine::release(Request& request) {
  schedule_.ended(request.host, request.worker);
  if (request.worker == Schedule::kAlone) {
    --solo_admitted_;
    for (SoloPlace& solo : solo_)
      if (solo.place == request.place) solo.busy = false;
  }
  request.state = Request::State::waiting;
}

void Engine::on_done(Request& request, HopResult hop) {
  if (hop.request_sent) schedule_.connected(request.host);
  release(request);
  request.suspect = false;
  if (hop.outcome == Outcome::cancelled) {
    // Given back before it began.
    request.chain.take_back_hop();
    return wait_again(request);
  }
  TimePoint now = Clock::now();
  auto date = std::chrono::system_clock::now();
  pause_host(request, hop, now, date);
  double random = std::uniform_real_distribution<double>(0, 1)(random_);
  NextStep step = request.chain.after(hop, options_, random, date);
  if (auto* same = std::get_if<SameAgain>(&step)) {
    if (same->local_shortage) on_shortage();
    wait_again(request, same->delay.count() > 0 ? now + same->delay : TimePoint{});
  } else if (auto* attempt = std::get_if<NextAttempt>(&step)) {
    wait_again(request, now + attempt->delay);
  } else if (std::holds_alternative<NextHop>(step)) {
    wait_again(request);
  } else {
    FetchResult result = request.chain.result(std::move(hop), now - request.submitted);
    result.worker = request.place;
    result.body = std::move(request.body);
    give_back(request, std::move(result));
  }
}

// A host that asks for a pause gets it, from all requests.
void Engine::pause_host(const Request& request, const HopResult& hop, TimePoint now,
                        std::chrono::system_clock::time_point date) {
  if (!hop.asks_for_pause()) return;
  ++pauses_seen(request.place);
  auto asked = parse_retry_after(hop.retry_after, date);
  if (!asked || *asked == 0 || options_.max_retry_after.count() == 0) return;
  schedule_.pause(request.host, now + std::min<Clock::duration>(std::chrono::seconds(*asked),
                                                                options_.max_retry_after));
  recall_hops();
}

void Engine::on_shortage() {
  int lower = std::max(1, std::min(schedule_.total(), schedule_.running() + 1) * 3 / 4);
  if (lower >= schedule_.total()) return;
  schedule_.set_total(lower);
  warnings_.push_back(
      "this machine ran short of descriptors, memory or ports: concurrency lowered to " +
      std::to_string(lower));
}

void Engine::on_lost(Request& request, const process::Event& event) {
  using Cause = process::Event::Cause;
  if (event.pid != last_lost_) ++replaced_;
  last_lost_ = event.pid;
  // What comes next is another worker.
  watches_[static_cast<std::size_t>(request.place)] = HopWatch(patience(options_));
  bool alone = request.worker == Schedule::kAlone;
  release(request);
  if (cancelled_ || stopped_) return cancel_request(request);
  if (!event.started || event.cause == Cause::spawner_lost) {
    return request.suspect ? suspect(request) : wait_again(request);
  }
  if (alone) {
    bool killed_from_outside = event.cause == Cause::died && event.status.signal() == 9;
    int& count = killed_from_outside ? request.kills_alone : request.deaths_alone;
    if (++count >= (killed_from_outside ? kKillsAlone : kDeathsAlone)) {
      return give_back(request, request.chain.result(Outcome::worker_crash,
                                                     "its worker process " + event.status.text() +
                                                         ", " + std::to_string(count) +
                                                         " times while it was fetched alone"));
    }
  }
  suspect(request);
}

void Engine::suspect(Request& request) {
  request.suspect = true;
  request.body = {};
  suspects_.push_back(request.ticket);
}

void Engine::wait_again(Request& request, TimePoint not_before) {
  if (stopped_) return cancel_request(request);
  request.state = Request::State::waiting;
  request.body = {};
  request.host = schedule_.host(request.chain.url().origin());
  schedule_.add(request.host, request.ticket, request.seq, not_before);
}

void Engine::cancel_request(Request& request) {
  give_back(request, request.chain.result(Outcome::cancelled, "the run was stopped before"));
}

// Ends the request: from here on its place is free.
void Engine::give_back(Request& request, FetchResult&& result) {
  result.seq = request.seq;
  finished_.push_back(std::move(result));
  free_.push_back(request.ticket);
  request = Request{};
}

void Engine::stop() {
  if (stopped_) return;
  stopped_ = true;
  ask_for_turn();
  for (Schedule::Ticket ticket : schedule_.drop_waiting()) cancel_request(requests_[ticket]);
  for (Schedule::Ticket ticket : suspects_) cancel_request(requests_[ticket]);
  suspects_.clear();
  for (const Schedule::Start& start : solo_pending_) cancel_request(requests_[start.ticket]);
  solo_pending_.clear();
  recall_hops();
}

// Asks the workers for the hops that were sent ahead and have not begun.
void Engine::recall_hops() {
  for (int place : places_)
    if (supervisor_.room(place) > 0)
      supervisor_.submit(place, next_serial_++ << 32 | kNoTicket, HopRequest{}.encode());
}

void Engine::cancel() {
  stop();
  if (cancelled_) return;
  cancelled_ = true;
  ask_for_turn();
  for (Request& request : requests_)
    if (request.state == Request::State::running) cancel_request(request);
  for (int place : places_) supervisor_.kill_worker(place);
  for (const SoloPlace& solo : solo_) supervisor_.kill_worker(solo.place);
}

Fetcher::Counts Engine::counts() const {
  Fetcher::Counts counts;
  counts.running = static_cast<std::size_t>(schedule_.running());
  counts.waiting = schedule_.waiting() + suspects_.size() + solo_pending_.size();
  counts.workers_replaced = replaced_;
  counts.retries = retries_;
  return counts;
}

std::vector<int> Engine::worker_pids() const {
  std::vector<int> pids;
  for (int place : places_) pids.push_back(supervisor_.pid(place));
  for (const SoloPlace& solo : solo_) pids.push_back(supervisor_.pid(solo.place));
  std::erase_if(pids, [](int pid) { return pid <= 0; });
  return pids;
}

std::vector<std::string> Engine::take_warnings() {
  return std::exchange(warnings_, {});
}

}  // namespace fetchpool::engine
