#include "process/supervisor_state.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/sigpipe_guard.h"
#include "fetchpool/error.h"

namespace fetchpool::process {
namespace {

// A spawner reports the end of a worker within milliseconds. One that does not is as good as lost.
constexpr std::chrono::seconds kReportWithin{10};
// What everyone gets to speak after this process was away, on top of the time that does not count.
constexpr std::chrono::seconds kSecondChance{1};

// Nothing where the supervisor's owner wanted it, or where all workers end together.
std::string how_it_ended(Event::Cause cause, ExitStatus status) {
  switch (cause) {
    case Event::Cause::died:
      return "ended (" + status.text() + ")";
    case Event::Cause::garbage:
      return "sent damaged data";
    case Event::Cause::silent:
      return "did not respond";
    default:
      return {};
  }
}

}  // namespace

Supervisor::State::State(std::shared_ptr<Spawner> spawner, SupervisorOptions options_to_use)
    : options(std::move(options_to_use)),
      line(std::move(spawner), wakes),
      guard(options.start_guard) {}

Supervisor::State::~State() {
  // In a child that the host forked, this is a copy, and the workers are not its own.
  if (getpid() != owner) return;
  line.begin_end();
  if (line.session().end(kReportWithin)) return;
  kill_groups();
  line.give_up();
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
  if (!events.empty() || broken || has_nothing_to_wait_for() || next_look.is_due(now))
    timeout = Clock::duration{0};
  next_look.expect_within(now, timeout);
  for (const WakeSet::Ready& ready : wakes.wait(timeout)) handle(ready);
  now = Clock::now();
  discount_absence(now);
  // Not before what lies there was read: it may be what a deadline waits for.
  if (next_look.is_due(now)) watch_time(now);
  start_vacant(now);
  flush();
  next_look.came(now);
  if (broken && events.empty()) throw PoolBroken(*broken);
  // What remains to be said must wake a foreign loop, and so must a timer that was just taken.
  if (broken)
    wakes.wake_at(now);
  else if (auto time = next_look.time())
    wakes.wake_at(*time);
}

bool Supervisor::State::has_nothing_to_wait_for() const {
  return stopping ? !places.has_workers() : places.is_empty();
}

void Supervisor::State::flush() {
  std::optional<SigpipeGuard> guard_while_writing;
  places.for_each([&guard_while_writing](WorkerPlace& place) {
    if (!place.wants_to_write()) return;
    if (!guard_while_writing) guard_while_writing.emplace();
    place.flush();
  });
}

void Supervisor::State::look_at(TimePoint time) {
  next_look.look_at(time);
  wakes.wake_at(*next_look.time());
}

// --- starting

void Supervisor::State::start_vacant(TimePoint now) {
  if (stopping) return;
  places.for_each([this, now](WorkerPlace& place) {
    if (broken || place.has_worker()) return;
    // After too many failures nothing is started beside the last ones that may still succeed.
    if (guard.gave_up() && places.ready_workers() == 0 && places.has_workers()) return;
    TimePoint next = std::max(guard.next_start(), place.unused_ends.next_start());
    if (now < next)
      look_at(next);
    else
      start(place, now);
  });
}

void Supervisor::State::start(WorkerPlace& place, TimePoint now) {
  try {
    place.start(line.session(), next_worker);
  } catch (const SystemError& error) {
    return start_failed(error.what(), now);
  }
  places.note_worker(next_worker++, place);
  place.deadline = now + options.ready_within;
  look_at(*place.deadline);
}

void Supervisor::State::start_succeeded(WorkerPlace& place) {
  guard.succeeded();
  if (place.unused_ends.failures() == 0) warned = false;
  if (!place.stop_sent && !place.kill_sent) place.deadline.reset();
}

void Supervisor::State::start_failed(const std::string& cause, TimePoint now) {
  guard.failed(now, cause);
  if (guard.gave_up()) give_up(cause);
}

void Supervisor::State::give_up(const std::string& cause) {
  if (int working = places.ready_workers(); working > 0) {
    if (!std::exchange(warned, true))
      warnings.push_back("cannot start more workers: " + cause + "; going on with " +
                         std::to_string(working));
  } else if (!places.has_workers()) {
    broken = "no worker process can be started: " + cause;
  }
}

// --- time

void Supervisor::State::discount_absence(TimePoint now) {
  auto away = next_look.absence(now);
  if (!away) return;
  places.for_each([&away](WorkerPlace& place) {
    if (place.deadline) *place.deadline += *away + kSecondChance;
  });
}

void Supervisor::State::watch_time(TimePoint now) {
  next_look.begin();
  places.for_each([this, now](WorkerPlace& place) {
    int number = place.number();
    if (place.deadline && *place.deadline <= now) deadline_passed(place, now);
    // It may have gone with the spawner.
    if (!places.at(number) || !place.has_worker()) return;
    if (place.phase() == WorkerPlace::Phase::ready &&
        place.silence.look(now, place.status().beats(), !place.jobs().empty()))
      kill(place, Event::Cause::silent, now);
    if (place.deadline) look_at(*place.deadline);
  });
}

void Supervisor::State::deadline_passed(WorkerPlace& place, TimePoint now) {
  if (place.kill_sent) {
    place.deadline.reset();
    return lose_spawner();
  }
  kill(place, place.stop_sent ? Event::Cause::stopped : Event::Cause::silent, now);
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
  line.session().kill(place.worker());
  place.deadline = now + kReportWithin;
  look_at(*place.deadline);
}

// --- what comes in

void Supervisor::State::handle(const WakeSet::Ready& ready) {
  if (SpawnerLine::is_id(ready.id)) return take_reports();
  WorkerPlace* place = places.of_worker(ready.id);
  if (!place) return;
  if (ready.output && place->waits_to_write()) {
    SigpipeGuard guard_while_writing;
    place->flush();
  }
  if (ready.input) read(*place);
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
  while (auto report = line.session().next_report()) take(*report);
}

void Supervisor::State::take(const SpawnerReport& report) {
  if (report.kind == SpawnerReport::Kind::lost) return lose_spawner();
  if (report.kind == SpawnerReport::Kind::spare_gone) return line.restore_spare();
  WorkerPlace* place = places.of_worker(report.worker);
  if (!place) return;
  TimePoint now = Clock::now();
  switch (report.kind) {
    case SpawnerReport::Kind::born:
      place->born(report.pid);
      break;
    case SpawnerReport::Kind::refused:
      places.forget_worker(report.worker);
      place->worker_ended({}, events);
      start_failed(SystemError("cannot fork a worker", report.error_number).what(), now);
      leave_if_gone(*place);
      break;
    default:
      places.forget_worker(report.worker);
      worker_ended(*place, report.status, now);
      break;
  }
}

// --- ends

void Supervisor::State::worker_ended(WorkerPlace& place, ExitStatus status, TimePoint now) {
  bool was_ready = place.was_ready();
  pid_t pid = place.pid();
  end_worker(place, status);
  bool asked_for = place.stop_sent || place.cause == Event::Cause::killed;
  if (!was_ready && place.was_ready()) start_succeeded(place);
  if (!asked_for) judge_start(place, status, now);
  if (place.was_ready()) tell_of_end(place, pid, status, now);
  leave_if_gone(place);
}

// By its end. One that was ready and ends before it has begun anything costs no job an attempt: so
// nothing else would ever end a row of these.
void Supervisor::State::judge_start(WorkerPlace& place, ExitStatus status, TimePoint now) {
  if (!place.was_ready()) return start_failed(place.start_failure(status), now);
  std::string cause = place.unused_end(status, now);
  if (cause.empty()) return place.unused_ends.succeeded();
  bool was_given_up = place.unused_ends.gave_up();
  place.unused_ends.failed(now, cause);
  if (place.unused_ends.gave_up() && !was_given_up) warned = false;
  if (place.unused_ends.gave_up()) give_up(cause);
}

void Supervisor::State::end_worker(WorkerPlace& place, ExitStatus status) {
  outstanding -= place.jobs().size();
  place.worker_ended(status, events);
}

void Supervisor::State::tell_of_end(const WorkerPlace& place, pid_t pid, ExitStatus status,
                                    TimePoint now) {
  std::string how = how_it_ended(place.cause, status);
  bool was_leaving = place.stop_sent && place.cause == Event::Cause::died;
  // Where the guard has given up, its warning stands for all that still come.
  if (how.empty() || was_leaving || place.unused_ends.gave_up()) return;
  if (!stopping && !place.goes_with_worker()) how += " and is replaced";
  tell_of_death(place.cause, "worker process " + std::to_string(pid) + " " + how, now);
}

void Supervisor::State::tell_of_death(Event::Cause cause, std::string text, TimePoint now) {
  if (auto notice = death_notices[cause].notice(now, std::move(text)))
    warnings.push_back(*std::move(notice));
}

void Supervisor::State::leave_if_gone(WorkerPlace& place) {
  if (!place.has_worker() && place.goes_with_worker()) places.remove(place);
}

void Supervisor::State::lose_spawner() {
  kill_groups();
  int workers = 0;
  places.for_each([this, &workers](WorkerPlace& place) {
    if (!place.has_worker()) return;
    ++workers;
    places.forget_worker(place.worker());
    place.cause = Event::Cause::spawner_lost;
    end_worker(place, {});
    leave_if_gone(place);
  });
  try {
    line.change_over();
    std::string with_it = workers > 0 ? ", and " + std::to_string(workers) + " with it" : "";
    tell_of_death(Event::Cause::spawner_lost,
                  "the process that makes workers was lost" + with_it +
                      (stopping ? "" : "; its spare goes on"),
                  Clock::now());
  } catch (const Error& error) {
    broken = error.what();
  }
}

void Supervisor::State::kill_groups() {
  // The workers die with their spawner; what they started does not.
  if (!options.own_group) return;
  places.for_each([](const WorkerPlace& place) {
    if (place.has_worker() && place.pid() > 0) ::kill(-place.pid(), SIGKILL);
  });
}

}  // namespace fetchpool::process
