// The supervisor's inside: what follows from what.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/death_notices.h"
#include "process/next_look.h"
#include "process/place_set.h"
#include "process/spawner_line.h"
#include "process/supervisor.h"
#include "process/wake_set.h"

namespace fetchpool::process {

// Decides when workers are started, killed and replaced, and turns what comes from them and from
// the spawner into events.
struct Supervisor::State {
  State(std::shared_ptr<Spawner> spawner, SupervisorOptions options_to_use);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  // What the owner may ask for.
  void wait(std::optional<Clock::duration> timeout);
  void flush();
  void look_at(TimePoint time);
  void begin_leaving(WorkerPlace& place);
  void kill(WorkerPlace& place, Event::Cause cause, TimePoint now);
  void leave_if_gone(WorkerPlace& place);

  // Starting.
  void start_vacant(TimePoint now);
  void start(WorkerPlace& place, TimePoint now);
  void start_succeeded(WorkerPlace& place);
  void start_failed(const std::string& cause, TimePoint now);
  void judge_start(WorkerPlace& place, ExitStatus status, TimePoint now);
  void give_up(const std::string& cause);

  // Time.
  void discount_absence(TimePoint now);
  void watch_time(TimePoint now);
  void deadline_passed(WorkerPlace& place, TimePoint now);
  void send_stop(WorkerPlace& place, TimePoint now);

  // What comes in.
  void handle(const WakeSet::Ready& ready);
  void read(WorkerPlace& place);
  void take_reports();
  void take(const SpawnerReport& report);

  // Ends.
  void worker_ended(WorkerPlace& place, ExitStatus status, TimePoint now);
  void end_worker(WorkerPlace& place, ExitStatus status);
  void tell_of_end(const WorkerPlace& place, pid_t pid, ExitStatus status, TimePoint now);
  void tell_of_death(Event::Cause cause, std::string text, TimePoint now);
  void lose_spawner();
  void kill_groups();

  bool has_nothing_to_wait_for() const;

  const SupervisorOptions options;
  const pid_t owner = getpid();
  WakeSet wakes;
  SpawnerLine line;
  NextLook next_look;
  StartGuard guard;
  PlaceSet places;
  std::uint32_t next_worker = 1;
  std::size_t outstanding = 0;
  bool stopping = false;
  bool warned = false;
  std::optional<std::string> broken;
  std::vector<Event> events;
  std::vector<std::string> warnings;
  std::map<Event::Cause, DeathNotices> death_notices;
  StatusPage no_status = StatusPage::create(0);
};

}  // namespace fetchpool::process
