// When a worker that seems to work has to be given up.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/posix.h"

namespace fetchpool::engine {

// Judges one worker by its status page: whether it takes up what it was sent, and whether it ends
// its hops in time. A worker does both by itself; this is for one that has gone wrong and goes on
// beating. Of the time between two looks at most one tick counts: when nobody looked, this process
// may have been stopped, and the worker with it. A pure decision: time is an argument.
class HopWatch {
 public:
  struct Hop {
    std::uint64_t job = 0;
    bool runs = false;         // as the status page says
    Clock::duration limit{0};  // of its running; 0: none
  };
  enum class Finding {
    fine,
    deaf,  // nothing of what it was sent has begun
    late,  // a hop runs on far beyond its limit
  };

  HopWatch() = default;
  // `patience`: how long it may be deaf, or late. Zero: for ever.
  explicit HopWatch(Clock::duration patience) : patience_(patience) {}

  // How often look() should be called.
  Clock::duration tick() const;
  // The worker is sending a long answer. Its hop runs until the end of that, and others wait.
  void part_came() { quiet_ = {}; }
  // `hops`: all that were sent to the worker and have not ended; `begun`: how many ever began.
  Finding look(TimePoint now, std::span<const Hop> hops, std::uint64_t begun);

 private:
  struct Age {
    std::uint64_t job;
    Clock::duration ran;
  };

  Clock::duration ran_before(std::uint64_t job) const;

  Clock::duration patience_{0};
  TimePoint last_look_{};
  bool has_looked_ = false;
  std::uint64_t begun_ = 0;
  Clock::duration idle_{0};   // while there was something to begin
  Clock::duration quiet_{0};  // since the last part
  std::vector<Age> ages_;
};

}  // namespace fetchpool::engine
