#include "pool/pool_loop.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "fetchpool/pool_error.h"
#include "pool/call.h"
#include "pool/task_worker.h"
#include "pool/wire.h"

namespace fetchpool::pool {
namespace {

using namespace std::chrono_literals;
using process::Event;

constexpr int kJobsPerWorker = 264;
// Arguments beyond this many bytes are not sent ahead.
constexpr std::size_t kBytesAhead = std::size_t{1} << 20;
// How long a task may keep others waiting behind it while another worker has nothing to do.
constexpr auto kPatience = 1ms;

// Room for some large results, which may wait for somebody to get them.
std::size_t arena_bytes(int processes) {
  return std::clamp((std::size_t{128} << 20) / static_cast<std::size_t>(processes),
                    std::size_t{2} << 20, std::size_t{16} << 20);
}

process::SupervisorOptions supervisor_options(const PoolOptions& options, int processes) {
  process::SupervisorOptions supervisor;
  supervisor.function = run_task_worker;
  WorkerSetup setup;
  setup.max_message = options.max_message;
  if (options.initializer.is_set()) setup.initializer = whole_request(options.initializer);
  supervisor.setup = setup.encode();
  supervisor.jobs_per_worker = kJobsPerWorker;
  supervisor.withdrawable = true;
  supervisor.transport = process::SupervisorOptions::Transport::socket;
  supervisor.arena_bytes = arena_bytes(processes);
  supervisor.max_payload = options.max_message;
  supervisor.descriptors = process::WorkerDescriptors::inherited;
  supervisor.own_group = true;
  // An initializer may take its time.
  supervisor.ready_within = std::chrono::hours(24);
  supervisor.start_guard.give_up_after = std::max(3, processes);
  supervisor.start_guard.first_delay = 20ms;
  return supervisor;
}

bool is_busy(const PoolPlace& place) {
  return !place.tasks.empty();
}

}  // namespace

PoolLoop::PoolLoop(const PoolOptions& options, int processes,
                   std::shared_ptr<process::Spawner> spawner, Inbox& inbox, PoolState& state,
                   CallbackThread& callbacks)
    : options_(options), inbox_(inbox), state_(state), callbacks_(callbacks) {
  supervisor_.emplace(std::move(spawner), supervisor_options(options, processes));
  places_.resize(static_cast<std::size_t>(processes));
  for (PoolPlace& place : places_) {
    place.number = supervisor_->add_worker();
    place.asked = Clock::now();
  }
  state_.insights.workers.resize(places_.size());
}

void PoolLoop::run(const std::shared_ptr<const void>& owner) {
  owner_ = owner;
  std::exception_ptr error = std::make_exception_ptr(PoolTerminated());
  try {
    while (!terminated_ && !(stopping_ && supervisor_->all_gone())) turn();
  } catch (const PoolBroken& broken) {
    bool initializer =
        std::string_view(broken.what()).find("the initializer threw") != std::string_view::npos;
    error = initializer ? std::make_exception_ptr(InitializerError(broken.what()))
                        : std::current_exception();
    std::lock_guard lock(state_.mutex);
    state_.broken = error;
  } catch (const std::exception& broken) {
    error = std::make_exception_ptr(PoolBroken(broken.what()));
    std::lock_guard lock(state_.mutex);
    state_.broken = error;
  }
  finish(error);
  owner_.reset();
}

void PoolLoop::turn() {
  take_commands();
  if (terminated_) return;
  TimePoint now = Clock::now();
  next_look_ = TimePoint::max();
  dispatch();
  share_out(now);
  check_timeouts(now);
  recycle();
  leave_if_done();
  supervisor_->send();

  struct pollfd polled[2] = {{supervisor_->poll_fd(), POLLIN, 0}, {inbox_.fd(), POLLIN, 0}};
  std::optional<Clock::duration> timeout;
  if (next_look_ != TimePoint::max()) timeout = std::max(next_look_ - now, Clock::duration::zero());
  posix::poll_for(polled, 2, timeout);
  if (polled[0].revents == 0 && polled[1].revents != 0) return;

  const std::vector<Event>& events = supervisor_->wait(Clock::duration::zero());
  std::lock_guard lock(state_.mutex);
  for (const Event& event : events) handle(event);
  put_back_returned();
  for (std::string& warning : supervisor_->take_warnings())
    state_.insights.warnings.push_back(std::move(warning));
}

void PoolLoop::take_commands() {
  Commands commands = inbox_.take();
  for (Task& task : commands.tasks) queue_.add(std::move(task));
  for (const auto& call : commands.ended) end_call(call);
  for (const CancelRequest& request : commands.cancels) cancel(request);
  closed_ = closed_ || commands.close;
  terminated_ = terminated_ || commands.terminate;
}

void PoolLoop::cancel(const CancelRequest& request) {
  auto error = std::make_exception_ptr(TaskCancelled());
  std::vector<Task> dropped = queue_.remove(*request.call);
  bool any = !dropped.empty();
  for (const Task& task : dropped) fail(task, error);
  for (PoolPlace& place : places_)
    if (cancel_sent(place, *request.call, request.running)) any = true;
  if (request.answer) request.answer->set_value(any);
}

bool PoolLoop::cancel_sent(PoolPlace& place, const detail::Call& call, bool running) {
  bool any = false;
  auto error = std::make_exception_ptr(TaskCancelled());
  for (std::size_t i = place.tasks.size(); i-- > 0;) {
    const SentTask& sent = place.tasks[i];
    if (sent.task.call.get() != &call) continue;
    if (supervisor_->withdraw(place.number, sent.job)) {
      fail(place.remove(sent.job), error);
      any = true;
    } else if (running && i == 0 && !place.killing) {
      kill(place, Killing::Reason::cancel);
      any = true;
    }
  }
  return any;
}

void PoolLoop::dispatch() {
  while (!queue_.empty()) {
    PoolPlace* place = place_for_next();
    if (!place) return;
    send(*place, queue_.take());
  }
}

PoolPlace* PoolLoop::place_for_next() {
  PoolPlace* best = nullptr;
  std::size_t window = window_.size();
  for (PoolPlace& place : places_)
    if (can_take(place, window) && (!best || place.tasks.size() < best->tasks.size()))
      best = &place;
  return best;
}

bool PoolLoop::can_take(const PoolPlace& place, std::size_t window) const {
  if (place.leaving || place.killing || place.tasks.size() >= window) return false;
  if (!place.tasks.empty() && place.bytes >= kBytesAhead) return false;
  if (options_.max_tasks_per_child > 0 && place.given >= options_.max_tasks_per_child) return false;
  return supervisor_->room(place.number) > 0;
}

void PoolLoop::send(PoolPlace& place, Task task) {
  RequestHead head = head_of(task.function, task.skip, task.count);
  process::JobId job = next_job_++;
  supervisor_->submit(place.number, job, {reinterpret_cast<const char*>(&head), sizeof head},
                      task.arguments);
  place.add(job, std::move(task));
}

// Where workers have nothing to do, they get what waits behind slow tasks.
void PoolLoop::share_out(TimePoint now) {
  if (!queue_.empty() || !place_for_next()) return;
  for (PoolPlace& place : places_) {
    if (place.tasks.size() < 2) continue;
    auto since = supervisor_->status(place.number).running_since(place.tasks.front().job);
    if (!since || std::chrono::nanoseconds(now.time_since_epoch()).count() - *since <
                      std::chrono::nanoseconds(kPatience).count())
      look_at(now + kPatience);
    else if (take_back(place, 1))
      dispatch();
  }
}

// Withdraws all but the first `keep` tasks, as far as they have not begun, to the queue's front.
bool PoolLoop::take_back(PoolPlace& place, std::size_t keep) {
  std::vector<Task> taken;
  for (std::size_t i = place.tasks.size(); i-- > keep;) {
    process::JobId job = place.tasks[i].job;
    if (!supervisor_->withdraw(place.number, job)) break;
    taken.push_back(place.remove(job));
    --place.given;
  }
  std::reverse(taken.begin(), taken.end());
  bool any = !taken.empty();
  queue_.put_back(std::move(taken));
  return any;
}

void PoolLoop::check_timeouts(TimePoint now) {
  for (PoolPlace& place : places_) check_timeout(place, now);
}

void PoolLoop::check_timeout(PoolPlace& place, TimePoint now) {
  if (place.tasks.empty() || place.killing) return;
  const SentTask& front = place.tasks.front();
  auto limit = front.task.call->settings().task_timeout;
  if (limit.count() == 0) return;
  auto since = supervisor_->status(place.number).running_since(front.job);
  if (!since) return look_at(now + std::min<Clock::duration>(limit, 100ms));
  TimePoint deadline = TimePoint(std::chrono::nanoseconds(*since)) + limit;
  if (now < deadline) return look_at(deadline);
  // After this nothing else can begin on that worker, so nobody but the task is hit.
  take_back(place, 1);
  if (supervisor_->status(place.number).running_since(front.job) == since)
    kill(place, Killing::Reason::timeout);
  else
    look_at(now + 1ms);
}

void PoolLoop::kill(PoolPlace& place, Killing::Reason reason) {
  take_back(place, 1);
  const SentTask& front = place.tasks.front();
  auto begun = supervisor_->status(place.number).started() - place.answered;
  Killing killing{reason, front.job, front.task.first};
  if (begun > 0) killing.element += begun - 1;
  place.killing = killing;
  supervisor_->kill_worker(place.number);
}

void PoolLoop::handle(const Event& event) {
  auto place = std::find_if(places_.begin(), places_.end(), [&event](const PoolPlace& candidate) {
    return candidate.number == event.worker;
  });
  if (place == places_.end()) return;
  switch (event.kind) {
    case Event::Kind::ready:
      return on_ready(*place, event);
    case Event::Kind::part:
    case Event::Kind::done:
      return on_answer(*place, event);
    case Event::Kind::lost:
      return on_lost(*place, event);
    case Event::Kind::progress:
      return;
  }
}

void PoolLoop::on_ready(PoolPlace& place, const Event& event) {
  TimePoint now = Clock::now();
  auto& worker = state_.insights.workers[static_cast<std::size_t>(&place - places_.data())];
  worker.start += now - place.asked;
  // Damage here is no reason to refuse a worker.
  if (event.bytes.size() == sizeof(ReadyNote))
    worker.init += std::chrono::nanoseconds(Decoder(event.bytes.view()).raw<ReadyNote>().init_ns);
  worker.pid = event.pid;
  ++state_.insights.workers_started;
  place.begin(now);
  if (state_.all_were_ready) return;
  state_.all_were_ready = std::all_of(places_.begin(), places_.end(),
                                      [](const PoolPlace& each) { return each.was_ready; });
  state_.changed.notify_all();
}

void PoolLoop::on_answer(PoolPlace& place, const Event& event) {
  if (place.exit_job == event.job) return on_exit_answer(place, event);
  SentTask* sent = place.find(event.job);
  // It was withdrawn.
  if (!sent) return;
  Decoder in(event.bytes.view());
  AnswerHead head{};
  bool is_answer = event.bytes.size() >= sizeof head;
  if (is_answer) head = in.raw<AnswerHead>();
  bool is_done = event.kind == Event::Kind::done;
  if (!is_answer || head.count > sent->task.count || (is_done && head.count != sent->task.count)) {
    // Not from our code: the task wrote to the channel. What it said is worth nothing.
    WorkerLost::Facts facts{event.status, event.pid, sent->task.attempts + 1, false, true};
    auto error = std::make_exception_ptr(WorkerLost(facts, sent->task.first));
    supervisor_->kill_worker(place.number);
    if (is_done) fail(place.remove(event.job), error);
    return;
  }
  place.answered += head.count;
  auto& worker = state_.insights.workers[static_cast<std::size_t>(&place - places_.data())];
  worker.elements += head.count;
  worker.work += std::chrono::nanoseconds(head.work_ns);
  Task answered = sent->task.split(head.count);
  if (is_done) {
    ++worker.tasks;
    worker.wait = std::max<std::chrono::nanoseconds>(place.alive(Clock::now()) - worker.work, 0ns);
    window_.note(std::chrono::nanoseconds(head.work_ns));
    place.remove(event.job);
  }
  note_slow(answered, std::chrono::nanoseconds(head.work_ns));
  deliver(answered.call, {answered.first, answered.count, event.bytes.slice(sizeof head), nullptr},
          head.failed > 0);
}

void PoolLoop::on_exit_answer(PoolPlace& place, const Event& event) {
  if (event.kind != Event::Kind::done || event.bytes.size() < sizeof(AnswerHead)) return;
  place.exit_job = 0;
  place.leaving = true;
  state_.exit_answers.push_back({0, 1, event.bytes.slice(sizeof(AnswerHead)), nullptr});
  bool has_work = !queue_.empty() || std::any_of(places_.begin(), places_.end(), is_busy);
  if (closed_ && !has_work) return;
  place.asked = Clock::now();
  supervisor_->renew_worker(place.number);
}

void PoolLoop::note_slow(const Task& task, std::chrono::nanoseconds took) {
  constexpr std::size_t kMost = 5;
  auto& slowest = state_.insights.slowest;
  if (slowest.size() == kMost && took <= slowest.back().took) return;
  auto faster = [](std::chrono::nanoseconds time, const PoolInsights::SlowTask& other) {
    return time > other.took;
  };
  auto place = std::upper_bound(slowest.begin(), slowest.end(), took, faster);
  slowest.insert(place, {task.first, task.count, took});
  if (slowest.size() > kMost) slowest.pop_back();
}

void PoolLoop::deliver(const std::shared_ptr<detail::Call>& call, detail::Segment segment,
                       bool failed) {
  bool was_last = call->deliver(std::move(segment));
  if (const auto& progress = call->settings().progress) {
    auto report = [call, &progress, done = call->delivered()] {
      try {
        progress(done, call->size());
      } catch (...) {
        // It only watches; nobody waits for what it throws.
      }
    };
    callbacks_.post(report, owner_);
  }
  if (was_last)
    end_call(call);
  else if (failed && call->settings().fail_fast)
    inbox_.post([&](Commands& commands) { commands.cancels.push_back({call}); });
}

void PoolLoop::end_call(const std::shared_ptr<detail::Call>& call) {
  if (call->settings().finish)
    callbacks_.post([call] { call->end(); }, owner_);
  else
    call->end();
}

void PoolLoop::fail(const Task& task, const std::exception_ptr& error) {
  if (task.count > 0) deliver(task.call, {task.first, task.count, {}, error}, true);
}

void PoolLoop::recycle() {
  if (options_.max_tasks_per_child == 0) return;
  for (PoolPlace& place : places_)
    if (place.given >= options_.max_tasks_per_child && place.tasks.empty() && !place.leaving)
      say_goodbye(place);
}

// The exit function first, where there is one; the worker leaves when it has answered.
void PoolLoop::say_goodbye(PoolPlace& place) {
  place.leaving = true;
  if (options_.on_exit.is_set() && supervisor_->room(place.number) > 0) {
    place.exit_job = next_job_++;
    supervisor_->submit(place.number, place.exit_job, whole_request(options_.on_exit));
  } else {
    place.asked = Clock::now();
    if (!stopping_) supervisor_->renew_worker(place.number);
  }
}

void PoolLoop::leave_if_done() {
  if (!closed_ || stopping_ || !queue_.empty()) return;
  bool busy = std::any_of(places_.begin(), places_.end(), [](const PoolPlace& place) {
    return !place.tasks.empty() || place.exit_job != 0 || !place.was_ready;
  });
  if (busy) return;
  bool waits = false;
  for (PoolPlace& place : places_) {
    if (place.leaving || !options_.on_exit.is_set() || !supervisor_->is_ready(place.number))
      continue;
    say_goodbye(place);
    waits = true;
  }
  if (waits) return;
  stopping_ = true;
  supervisor_->stop();
}

}  // namespace fetchpool::pool
