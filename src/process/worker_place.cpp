#include "process/worker_place.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

namespace fetchpool::process {

using ipc::FrameKind;
using namespace std::chrono_literals;

namespace {

// A worker that was idle for longer is none that cannot work.
constexpr auto kSoon = 1s;

}  // namespace

WorkerPlace::WorkerPlace(int number, bool is_kept, const SupervisorOptions& options, WakeSet& wakes)
    : kept(is_kept),
      unused_ends(options.start_guard),
      number_(number),
      options_(options),
      wakes_(wakes) {
  status_ = StatusPage::create(options.running_per_worker);
}

void WorkerPlace::start(SpawnerSession& session, std::uint32_t id) {
  leaving = stop_sent = kill_sent = damaged_ = was_ready_ = false;
  cause = Event::Cause::died;
  silence = SilenceWatch(options_.silent_for);
  failure_.clear();
  window_ = kAnyNumber;
  worker_ = id;
  pid_ = 0;

  try {
    ask(session);
    phase_ = Phase::starting;
  } catch (const SystemError&) {
    vacate();
    throw;
  }
}

void WorkerPlace::ask(SpawnerSession& session) {
  WorkerStart start;
  start.function = options_.function;
  start.index = number_;
  start.descriptors = options_.descriptors;
  start.own_group = options_.own_group;
  start.max_payload = options_.max_payload;
  status_ = StatusPage::create(options_.running_per_worker,
                               options_.withdrawable ? options_.jobs_per_worker : 0);
  jobs_given_ = 0;
  open_channel(start);
  // Before the worker's ends are given away, while a write cannot fail.
  channel_.writer().add(FrameKind::setup, 0, std::string_view(options_.setup));
  channel_.flush();
  auto arena = start.arena;
  session.start(worker_, std::move(start), status_);
  status_.close_fd();
  if (arena) arena->close_fd();
}

void WorkerPlace::born(pid_t pid) {
  pid_ = pid;
  wakes_.watch(channel_.in_fd(), EPOLLIN, worker_);
  input_watched_ = true;
}

std::shared_ptr<ipc::SharedArena> WorkerPlace::make_arena() const {
  if (options_.arena_bytes == 0) return nullptr;
  try {
    return ipc::SharedArena::create(options_.arena_bytes);
  } catch (const SystemError&) {
    // A limit of file sizes or of memory: it works without, only more slowly.
    return nullptr;
  }
}

void WorkerPlace::open_channel(WorkerStart& worker_ends) {
  UniqueFd in;
  UniqueFd out;
  if (options_.transport == SupervisorOptions::Transport::socket) {
    posix::FdPair pair = posix::make_socket_pair(SOCK_STREAM);
    posix::set_send_buffer(pair.second.get(), options_.pipe_bytes);
    in = std::move(pair.first);
    worker_ends.in = std::move(pair.second);
  } else {
    posix::FdPair requests = posix::make_pipe();
    posix::FdPair results = posix::make_pipe();
    posix::set_pipe_size(results.first.get(), options_.pipe_bytes);
    in = std::move(results.first);
    out = std::move(requests.second);
    worker_ends.in = std::move(requests.first);
    worker_ends.out = std::move(results.second);
    posix::set_nonblocking(out.get(), true);
  }
  posix::set_nonblocking(in.get(), true);
  worker_ends.arena = make_arena();
  channel_ = ipc::Channel(std::move(in), std::move(out), options_.max_payload,
                          {.in = worker_ends.arena, .out = nullptr});
}

void WorkerPlace::worker_ended(ExitStatus status, std::vector<Event>& events) {
  // An answer already given must count, or its job would be done twice.
  if (!damaged_) take_last_words(events);
  lose_jobs(status, events);
  vacate();
}

void WorkerPlace::take_last_words(std::vector<Event>& events) {
  // No more than what is there now: a process that the worker left behind may go on writing.
  std::size_t left = channel_.available();
  while (left > 0) {
    std::size_t count = channel_.receive(left);
    if (count == 0 || take_frames(events) == Input::garbage) return;
    left -= count;
  }
}

void WorkerPlace::lose_jobs(ExitStatus status, std::vector<Event>& events) {
  std::vector<StatusPage::Running> running = status_.running();
  for (JobId job : std::exchange(jobs_, {})) {
    Event event;
    event.kind = Event::Kind::lost;
    event.worker = number_;
    event.job = job;
    event.status = status;
    event.pid = pid_;
    event.started = std::any_of(running.begin(), running.end(),
                                [job](const auto& entry) { return entry.job == job; });
    event.begun = status_.started();
    event.cause = cause;
    events.push_back(std::move(event));
  }
}

void WorkerPlace::vacate() {
  ignore();
  channel_ = ipc::Channel();
  phase_ = Phase::vacant;
  deadline.reset();
}

void WorkerPlace::note_job(JobId job) {
  jobs_.push_back(job);
  if (options_.withdrawable) status_.offer(jobs_given_);
  ++jobs_given_;
}

bool WorkerPlace::withdraw(JobId job) {
  auto found = std::find(jobs_.begin(), jobs_.end(), job);
  if (found == jobs_.end() || !options_.withdrawable) return false;
  return status_.withdraw(jobs_given_ - static_cast<std::uint64_t>(jobs_.end() - found));
}

void WorkerPlace::submit(JobId job, Bytes request) {
  note_job(job);
  channel_.writer().add(FrameKind::job, job, std::move(request));
}

void WorkerPlace::submit(JobId job, std::string_view request) {
  note_job(job);
  channel_.writer().add(FrameKind::job, job, request);
}

void WorkerPlace::submit(JobId job, std::string_view head, Bytes body) {
  note_job(job);
  channel_.writer().add(FrameKind::job, job, head, std::move(body));
}

void WorkerPlace::ask_to_leave() {
  stop_sent = true;
  channel_.writer().add(FrameKind::stop, 0, std::string_view());
}

void WorkerPlace::flush() {
  watch_output(!channel_.flush());
}

void WorkerPlace::watch_output(bool on) {
  if (on == output_watched_) return;
  output_watched_ = on;
  if (channel_.in_fd() == channel_.out_fd())
    wakes_.change(channel_.in_fd(), on ? EPOLLIN | EPOLLOUT : EPOLLIN, worker_);
  else if (on)
    wakes_.watch(channel_.out_fd(), EPOLLOUT, worker_);
  else
    wakes_.forget(channel_.out_fd());
}

void WorkerPlace::ignore() {
  watch_output(false);
  if (std::exchange(input_watched_, false)) wakes_.forget(channel_.in_fd());
  channel_.writer().clear();
}

WorkerPlace::Input WorkerPlace::read(std::vector<Event>& events) {
  if (channel_.receive() == 0) return channel_.at_end() ? Input::end_of_file : Input::taken;
  return take_frames(events);
}

WorkerPlace::Input WorkerPlace::take_frames(std::vector<Event>& events) {
  try {
    while (auto frame = channel_.next()) {
      if (take(std::move(*frame), events)) continue;
      damaged_ = true;
      return Input::garbage;
    }
  } catch (const ipc::ProtocolError&) {
    damaged_ = true;
    return Input::garbage;
  }
  return Input::taken;
}

bool WorkerPlace::take(ipc::Frame frame, std::vector<Event>& events) {
  Event event;
  event.worker = number_;
  event.pid = pid_;
  event.job = frame.job;
  event.bytes = std::move(frame.payload);
  switch (frame.kind) {
    case FrameKind::ready:
      if (phase_ != Phase::starting) return false;
      phase_ = Phase::ready;
      was_ready_ = true;
      ready_since_ = Clock::now();
      event.kind = Event::Kind::ready;
      events.push_back(std::move(event));
      return true;
    case FrameKind::failed:
      if (phase_ != Phase::starting) return false;
      failure_ = event.bytes.str();
      return true;
    case FrameKind::window:
      if (event.bytes.size() != sizeof window_ || frame.job != 0) return false;
      std::memcpy(&window_, event.bytes.data(), sizeof window_);
      // One that wanted no job would never get one.
      return window_ > 0;
    case FrameKind::progress:
      event.kind = Event::Kind::progress;
      break;
    case FrameKind::part:
      event.kind = Event::Kind::part;
      break;
    case FrameKind::done:
      event.kind = Event::Kind::done;
      break;
    default:
      return false;
  }
  auto job = std::find(jobs_.begin(), jobs_.end(), frame.job);
  if (job == jobs_.end()) return false;
  if (event.kind == Event::Kind::done) jobs_.erase(job);
  events.push_back(std::move(event));
  return true;
}

bool WorkerPlace::goes_with_worker() const {
  // A worker that never was ready does not count as the one the place was made for.
  return removed || (!kept && (was_ready_ || cause == Event::Cause::killed));
}

std::string WorkerPlace::start_failure(ExitStatus status) const {
  if (!failure_.empty()) return failure_;
  if (cause == Event::Cause::silent) return "a worker was not ready in time";
  if (cause == Event::Cause::garbage) return "a worker sent damaged data before it was ready";
  return "a worker " + status.text() + " before it was ready";
}

std::string WorkerPlace::unused_end(ExitStatus status, TimePoint now) const {
  bool is_garbage = cause == Event::Cause::garbage;
  // SIGKILL comes from outside, or follows a channel that closed, as it does then, too.
  bool by_itself = is_garbage || (cause == Event::Cause::died && status.signal() != SIGKILL);
  if (!by_itself || status_.started() > 0 || now - ready_since_ > kSoon) return {};
  return "a worker " + (is_garbage ? "sent damaged data" : status.text()) +
         " before it had begun a job";
}

int WorkerPlace::room() const {
  if (phase_ != Phase::ready || leaving || kill_sent) return 0;
  return options_.jobs_per_worker - static_cast<int>(jobs_.size());
}

int WorkerPlace::wanted() const {
  auto has = static_cast<std::uint32_t>(jobs_.size());
  std::uint32_t more = window_ > has ? window_ - has : 0;
  return static_cast<int>(std::min(more, static_cast<std::uint32_t>(room())));
}

}  // namespace fetchpool::process
