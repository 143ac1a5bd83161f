// Where hops run that are under suspicion of killing their workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fetch/request_table.h"
#include "fetch/schedule.h"
#include "process/supervisor.h"

namespace fetchpool::engine {

// Runs each suspect in a worker that does nothing else, several such workers at a time, so that a
// death has one possible cause. A suspect waits here until there may be a worker for it, then in
// the schedule for its host's turn, then here for its worker.
class SoloLane {
 public:
  struct Ready {
    int place;
    Schedule::Start start;
  };

  // At most `most` suspects at a time are in the schedule or with a worker.
  SoloLane(process::Supervisor& supervisor, Schedule& schedule, int most)
      : supervisor_(supervisor), schedule_(schedule), most_(static_cast<std::size_t>(most)) {}

  void add(const Request& suspect) { suspects_.push_back(suspect.ticket); }
  // Lets suspects into the schedule, as many as there may be. Those of a number above `highest`
  // stay.
  void admit(RequestTable& requests, std::uint64_t highest);
  // The schedule lets a suspect start.
  void take(const Schedule::Start& start) { pending_.push_back(start); }
  // A suspect and the place whose worker is to run it now, if there are both.
  std::optional<Ready> next();
  // Asks for workers for those that still wait for one; ends them all when no suspect is left.
  void adjust_workers();
  // What next() returned for this place has ended.
  void ended(int place);
  // A suspect was taken out of the schedule before it started.
  void dropped() { --admitted_; }

  // Forgets the suspects that are not in the schedule and not running, and returns them.
  std::vector<Schedule::Ticket> drop_waiting();
  std::size_t waiting() const { return suspects_.size() + pending_.size(); }
  // The places of its workers.
  std::vector<int> places() const;

 private:
  struct Place {
    int place;
    bool busy;
  };

  process::Supervisor& supervisor_;
  Schedule& schedule_;
  std::size_t most_;
  std::vector<Place> places_;
  std::deque<Schedule::Ticket> suspects_;  // not yet in the schedule
  std::deque<Schedule::Start> pending_;    // started by the schedule, waiting for a place
  std::size_t admitted_ = 0;               // in the schedule, pending or running
};

}  // namespace fetchpool::engine
