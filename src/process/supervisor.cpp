#include "process/supervisor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <unordered_map>
#include <utility>

#include "base/sigpipe_guard.h"
#include "fetchpool/error.h"
#include "process/wake_set.h"
#include "process/worker_place.h"

namespace fetchpool::process {
namespace {

// Ids in the wake set; all smaller ones are workers.
constexpr std::uint64_t kSession = std::uint64_t{1} << 32;
constexpr std::uint64_t kSpawner = kSession + 1;

// A spawner reports the end of a worker within milliseconds. One that does not is as good as lost.
constexpr std::chrono::seconds kReportWithin{10};

// A look that comes later than it was due by more than this: this process was stopped, or its
// owner was away, and the workers may have been stopped as well.
constexpr std::chrono::seconds kWasAway{1};
// What everyone then gets to speak, on top of the time that does not count.
constexpr std::chrono::seconds kSecondChance{1};

}  // namespace

struct Supervisor::State {
  State(std::shared_ptr<Spawner> spawner_to_use, SupervisorOptions options_to_use);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  WorkerPlace* at(int number) const;
  WorkerPlace& add_place(bool kept);
  void begin_leaving(WorkerPlace& place);
  void send_stop(WorkerPlace& place, TimePoint now);
  void kill(WorkerPlace& place, Event::Cause cause, TimePoint now);

  void wait(std::optional<Clock::duration> timeout);
  void look_at(TimePoint time);
  void start_vacant(TimePoint now);
  void start(WorkerPlace& place, TimePoint now);
  void flush();
  void discount_absence(TimePoint now);
  void watch_time(TimePoint now);
  void deadline_passed(WorkerPlace& place, TimePoint now);
  void handle(const WakeSet::Ready& ready);
  void read(WorkerPlace& place);

  void take_reports();
  void take(const SpawnerReport& report);
  void worker_ended(WorkerPlace& place, ExitStatus status, TimePoint now);
  void warn_of(Event::Cause cause, pid_t pid);
  void end_worker(WorkerPlace& place, ExitStatus status);
  void start_succeeded(WorkerPlace& place);
  void start_failed(const std::string& cause, TimePoint now);
  void leave_if_gone(WorkerPlace& place);
  void restore_spare();
  void lose_spawner();
  void kill_groups();
  void open_session(std::optional<std::uint64_t> lost_generation);

  bool is_alive() const;
  int ready_workers() const;
  bool has_nothing_to_wait_for() const;

  std::shared_ptr<Spawner> spawner;
  const SupervisorOptions options;
  const pid_t owner = getpid();
  WakeSet wakes;
  SpawnerSession session;
  StartGuard guard;
  std::vector<std::unique_ptr<WorkerPlace>> places;  // null where a place is gone
  std::unordered_map<std::uint64_t, WorkerPlace*> by_worker;
  std::uint32_t next_worker = 1;
  std::size_t outstanding = 0;
  bool stopping = false;
  bool warned = false;
  TimePoint next_look = TimePoint::max();
  TimePoint looks_until = TimePoint::max();  // when the next look at the clock is due
  std::optional<std::string> broken;
  std::vector<Event> events;
  std::vector<std::string> warnings;
  StatusPage no_status = StatusPage::create(0);
};

Supervisor::State::State(std::shared_ptr<Spawner> spawner_to_use, SupervisorOptions options_to_use)
    : spawner(std::move(spawner_to_use)),
      options(std::move(options_to_use)),
      guard(options.start_guard) {
  open_session(std::nullopt);
}

Supervisor::State::~State() {
  // In a child that the host forked, this is a copy, and the workers are not its own.
  if (getpid() != owner) return;
  if (session.end(kReportWithin)) return;
  kill_groups();
  try {
    spawner->open_session(session.generation());
  } catch (const Error&) {
  }
}

void Supervisor::State::open_session(std::optional<std::uint64_t> lost_generation) {
  session = spawner->open_session(lost_generation);
  wakes.watch(session.poll_fd(), EPOLLIN, kSession);
  if (session.spawner_fd() >= 0) wakes.watch(session.spawner_fd(), EPOLLIN, kSpawner);
}

WorkerPlace* Supervisor::State::at(int number) const {
  auto index = static_cast<std::size_t>(number);
  return index < places.size() ? places[index].get() : nullptr;
}

WorkerPlace& Supervisor::State::add_place(bool kept) {
  auto gone = std::find(places.begin(), places.end(), nullptr);
  if (gone == places.end()) gone = places.insert(gone, nullptr);
  int number = static_cast<int>(gone - places.begin());
  *gone = std::make_unique<WorkerPlace>(number, kept, options, wakes);
  return **gone;
}

void Supervisor::State::begin_leaving(WorkerPlace& place) {
  place.leaving = true;
  if (!place.jobs().empty()) return;
  send_stop(place, Clock::now());
  flush();
}

void Supervisor::State::send_stop(WorkerPlace& place, TimePoint now) {
  if (place.stop_sent) return;
  place.ask_to_leave();
  place.deadline = now + options.grace;
  look_at(*place.deadline);
}

void Supervisor::State::kill(WorkerPlace& place, Event::Cause cause, TimePoint now) {
  if (!place.has_worker() || place.kill_sent) return;
  place.kill_sent = true;
  place.cause = cause;
  session.kill(place.worker());
  place.deadline = now + kReportWithin;
  look_at(*place.deadline);
}

void Supervisor::State::look_at(TimePoint time) {
  next_look = std::min(next_look, time);
  wakes.wake_at(next_look);
}

void Supervisor::State::wait(std::optional<Clock::duration> timeout) {
  events.clear();
  if (broken) throw PoolBroken(*broken);
  TimePoint now = Clock::now();
  discount_absence(now);
  if (options.silent_for.count() > 0 && outstanding > 0)
    look_at(now + SilenceWatch(options.silent_for).tick());
  start_vacant(now);
  flush();
  if (!events.empty() || broken || has_nothing_to_wait_for() || now >= next_look)
    timeout = Clock::duration{0};
  looks_until = timeout ? std::min(next_look, now + *timeout) : next_look;
  for (const WakeSet::Ready& ready : wakes.wait(timeout)) handle(ready);
  now = Clock::now();
  discount_absence(now);
  // Not before what lies there was read: it may be what a deadline waits for.
  if (now >= next_look) watch_time(now);
  start_vacant(now);
  flush();
  looks_until = now;
  if (broken && events.empty()) throw PoolBroken(*broken);
  // What remains to be said must wake a foreign loop, and so must a timer that was just taken.
  if (broken)
    wakes.wake_at(now);
  else if (next_look != TimePoint::max())
    wakes.wake_at(next_look);
}

void Supervisor::State::start_vacant(TimePoint now) {
  if (stopping || broken) return;
  for (const auto& place : places) {
    if (!place || place->has_worker()) continue;
    // After too many failures nothing is started beside the last ones that may still succeed.
    if (guard.gave_up() && ready_workers() == 0 && is_alive()) return;
    if (now < guard.next_start()) return look_at(guard.next_start());
    start(*place, now);
    if (broken) return;
  }
}

void Supervisor::State::start(WorkerPlace& place, TimePoint now) {
  try {
    place.start(session, next_worker);
  } catch (const SystemError& error) {
    return start_failed(error.what(), now);
  }
  by_worker[next_worker++] = &place;
  place.deadline = now + options.ready_within;
  look_at(*place.deadline);
}

void Supervisor::State::flush() {
  std::optional<SigpipeGuard> guard_while_writing;
  for (const auto& place : places) {
    if (!place || !place->wants_to_write()) continue;
    if (!guard_while_writing) guard_while_writing.emplace();
    place->flush();
  }
}

void Supervisor::State::discount_absence(TimePoint now) {
  if (looks_until == TimePoint::max() || now - looks_until < kWasAway) return;
  Clock::duration away = now - looks_until;
  for (const auto& place : places)
    if (place && place->deadline) *place->deadline += away + kSecondChance;
  looks_until = now;
}

void Supervisor::State::watch_time(TimePoint now) {
  next_look = TimePoint::max();
  for (const auto& place : places) {
    if (place && place->deadline && *place->deadline <= now) deadline_passed(*place, now);
    if (!place || !place->has_worker()) continue;
    if (place->phase() == WorkerPlace::Phase::ready &&
        place->silence.look(now, place->status().beats(), !place->jobs().empty()))
      kill(*place, Event::Cause::silent, now);
    if (place->deadline) look_at(*place->deadline);
  }
}

void Supervisor::State::deadline_passed(WorkerPlace& place, TimePoint now) {
  if (place.kill_sent) {
    place.deadline.reset();
    return lose_spawner();
  }
  kill(place, place.stop_sent ? Event::Cause::stopped : Event::Cause::silent, now);
}

void Supervisor::State::handle(const WakeSet::Ready& ready) {
  if (ready.id == kSession || ready.id == kSpawner) return take_reports();
  auto found = by_worker.find(ready.id);
  if (found == by_worker.end()) return;
  WorkerPlace& place = *found->second;
  if (ready.output && place.waits_to_write()) {
    SigpipeGuard guard_while_writing;
    place.flush();
  }
  if (ready.input) read(place);
}

void Supervisor::State::read(WorkerPlace& place) {
  TimePoint now = Clock::now();
  bool was_ready = place.was_ready();
  std::size_t jobs = place.jobs().size();
  WorkerPlace::Input input = place.read(events);
  outstanding -= jobs - place.jobs().size();
  if (!was_ready && place.was_ready()) start_succeeded(place);
  if (input != WorkerPlace::Input::taken) {
    place.ignore();
    // Its end will be reported; a worker that only closed its channel is of no use any more.
    kill(place, input == WorkerPlace::Input::garbage ? Event::Cause::garbage : place.cause, now);
  } else if (place.leaving && place.jobs().empty()) {
    send_stop(place, now);
  }
}

void Supervisor::State::take_reports() {
  while (auto report = session.next_report()) take(*report);
}

void Supervisor::State::take(const SpawnerReport& report) {
  if (report.kind == SpawnerReport::Kind::lost) return lose_spawner();
  if (report.kind == SpawnerReport::Kind::spare_gone) return restore_spare();
  auto found = by_worker.find(report.worker);
  if (found == by_worker.end()) return;
  WorkerPlace& place = *found->second;
  TimePoint now = Clock::now();
  switch (report.kind) {
    case SpawnerReport::Kind::born:
      place.born(report.pid);
      break;
    case SpawnerReport::Kind::refused:
      by_worker.erase(found);
      place.worker_ended({}, events);
      start_failed(SystemError("cannot fork a worker", report.error_number).what(), now);
      leave_if_gone(place);
      break;
    default:
      by_worker.erase(found);
      worker_ended(place, report.status, now);
      break;
  }
}

void Supervisor::State::warn_of(Event::Cause cause, pid_t pid) {
  std::string worker = "worker process " + std::to_string(pid);
  if (cause == Event::Cause::garbage)
    warnings.push_back(worker + " sent damaged data and was replaced");
  if (cause == Event::Cause::silent)
    warnings.push_back(worker + " did not respond and was replaced");
}

void Supervisor::State::worker_ended(WorkerPlace& place, ExitStatus status, TimePoint now) {
  bool was_ready = place.was_ready();
  pid_t pid = place.pid();
  end_worker(place, status);
  bool asked_for = place.stop_sent || place.cause == Event::Cause::killed;
  if (place.was_ready()) warn_of(place.cause, pid);
  if (!place.was_ready() && !asked_for) start_failed(place.start_failure(status), now);
  if (!was_ready && place.was_ready()) start_succeeded(place);
  leave_if_gone(place);
}

void Supervisor::State::end_worker(WorkerPlace& place, ExitStatus status) {
  outstanding -= place.jobs().size();
  place.worker_ended(status, events);
}

void Supervisor::State::start_succeeded(WorkerPlace& place) {
  guard.succeeded();
  warned = false;
  if (!place.stop_sent && !place.kill_sent) place.deadline.reset();
}

void Supervisor::State::start_failed(const std::string& cause, TimePoint now) {
  guard.failed(now, cause);
  if (!guard.gave_up()) return;
  if (int working = ready_workers(); working > 0) {
    if (!std::exchange(warned, true))
      warnings.push_back("cannot start more workers: " + cause + "; going on with " +
                         std::to_string(working));
  } else if (!is_alive()) {
    broken = "no worker process can be started: " + cause;
  }
}

void Supervisor::State::leave_if_gone(WorkerPlace& place) {
  if (!place.has_worker() && place.goes_with_worker())
    places[static_cast<std::size_t>(place.number())].reset();
}

void Supervisor::State::restore_spare() {
  try {
    spawner->restore_spare();
  } catch (const SystemError&) {
    // It is tried again with the next session; until then there is no spare.
  }
}

void Supervisor::State::lose_spawner() {
  kill_groups();
  wakes.forget(session.poll_fd());
  wakes.forget(session.spawner_fd());
  by_worker.clear();
  for (const auto& place : places) {
    if (!place || !place->has_worker()) continue;
    place->cause = Event::Cause::spawner_lost;
    end_worker(*place, {});
    leave_if_gone(*place);
  }
  try {
    open_session(session.generation());
  } catch (const Error& error) {
    broken = error.what();
  }
}

void Supervisor::State::kill_groups() {
  // The workers die with their spawner; what they started does not.
  if (!options.own_group) return;
  for (const auto& place : places)
    if (place && place->has_worker() && place->pid() > 0) ::kill(-place->pid(), SIGKILL);
}

bool Supervisor::State::is_alive() const {
  return std::any_of(places.begin(), places.end(),
                     [](const auto& place) { return place && place->has_worker(); });
}

int Supervisor::State::ready_workers() const {
  return static_cast<int>(std::count_if(places.begin(), places.end(), [](const auto& place) {
    return place && place->phase() == WorkerPlace::Phase::ready;
  }));
}

bool Supervisor::State::has_nothing_to_wait_for() const {
  if (stopping) return !is_alive();
  return std::all_of(places.begin(), places.end(), [](const auto& place) { return !place; });
}

Supervisor::Supervisor(std::shared_ptr<Spawner> spawner, SupervisorOptions options)
    : state_(std::make_unique<State>(std::move(spawner), std::move(options))) {}

Supervisor::~Supervisor() = default;

int Supervisor::add_worker(bool kept) {
  int number = state_->add_place(kept).number();
  state_->look_at(Clock::now());
  return number;
}

void Supervisor::renew_worker(int worker) {
  WorkerPlace* place = state_->at(worker);
  // One that is not ready yet is as new as one can be.
  if (place && place->phase() == WorkerPlace::Phase::ready) state_->begin_leaving(*place);
}

void Supervisor::remove_worker(int worker) {
  WorkerPlace* place = state_->at(worker);
  if (!place) return;
  place->removed = true;
  if (place->has_worker())
    state_->begin_leaving(*place);
  else
    state_->leave_if_gone(*place);
}

void Supervisor::kill_worker(int worker) {
  if (WorkerPlace* place = state_->at(worker))
    state_->kill(*place, Event::Cause::killed, Clock::now());
}

int Supervisor::room(int worker) const {
  const WorkerPlace* place = state_->at(worker);
  return place && !state_->stopping ? place->room() : 0;
}

bool Supervisor::is_ready(int worker) const {
  const WorkerPlace* place = state_->at(worker);
  return place && place->phase() == WorkerPlace::Phase::ready;
}

pid_t Supervisor::pid(int worker) const {
  const WorkerPlace* place = state_->at(worker);
  return place && place->has_worker() ? place->pid() : 0;
}

const StatusPage& Supervisor::status(int worker) const {
  const WorkerPlace* place = state_->at(worker);
  return place ? place->status() : state_->no_status;
}

std::size_t Supervisor::outstanding() const {
  return state_->outstanding;
}

void Supervisor::submit(int worker, JobId job, Bytes request) {
  assert(room(worker) > 0);
  state_->at(worker)->submit(job, std::move(request));
  ++state_->outstanding;
}

void Supervisor::submit(int worker, JobId job, std::string_view request) {
  assert(room(worker) > 0);
  state_->at(worker)->submit(job, request);
  ++state_->outstanding;
}

void Supervisor::submit(int worker, JobId job, std::string_view head, Bytes body) {
  assert(room(worker) > 0);
  state_->at(worker)->submit(job, head, std::move(body));
  ++state_->outstanding;
}

bool Supervisor::withdraw(int worker, JobId job) {
  WorkerPlace* place = state_->at(worker);
  return place && place->withdraw(job);
}

void Supervisor::send() {
  state_->flush();
}

const std::vector<Event>& Supervisor::wait(std::optional<Clock::duration> timeout) {
  state_->wait(timeout);
  return state_->events;
}

int Supervisor::poll_fd() const {
  return state_->wakes.fd();
}

std::vector<std::string> Supervisor::take_warnings() {
  return std::exchange(state_->warnings, {});
}

void Supervisor::stop() {
  state_->stopping = true;
  for (const auto& place : state_->places)
    if (place && place->has_worker()) state_->begin_leaving(*place);
}

bool Supervisor::all_gone() const {
  return !state_->is_alive();
}

}  // namespace fetchpool::process
