// Looks after the workers: each of them has to take up its work and end it.
#pragma once

#include <string>
#include <vector>

#include "fetch/hop_watch.h"
#include "fetch/request_table.h"
#include "process/supervisor.h"

namespace fetchpool::engine {

// Shows every worker's status page to a HopWatch of its own, at times, and kills the workers that
// do not pass.
class WorkerWatch {
 public:
  // `worker_timeout`: as in FetchOptions.
  explicit WorkerWatch(Clock::duration worker_timeout);

  // The worker at the place is sending a long answer.
  void part_came(int place) { watch(place).part_came(); }
  // Another worker stands at the place from now on.
  void replaced(int place) { watch(place) = HopWatch(patience_); }
  // To be called at every turn; looks when it is time to. Returns what should be told of the
  // workers that it killed.
  std::vector<std::string> look(TimePoint now, RequestTable& requests,
                                process::Supervisor& supervisor);

 private:
  HopWatch& watch(int place);
  HopWatch::Finding look_at(int place, const std::vector<Request*>& sent, TimePoint now,
                            const process::StatusPage& status);

  Clock::duration patience_;
  std::vector<HopWatch> watches_;  // by place
  TimePoint next_look_{};
};

}  // namespace fetchpool::engine
