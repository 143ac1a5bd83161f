// When a worker that should be busy has been silent for too long.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/posix.h"

namespace fetchpool::process {

// Adds up the time in which a busy worker's beat stood still. Of the time between two looks at
// most one tick counts: when nobody looked, this process itself may have been stopped, and the
// worker with it. A pure decision: time is an argument.
class SilenceWatch {
 public:
  SilenceWatch() = default;
  // Zero: never silent.
  explicit SilenceWatch(Clock::duration limit) : limit_(limit) {}

  // How often look() should be called.
  Clock::duration tick() const;
  // Whether the silence has lasted for the limit. `busy`: whether the worker has something to do.
  bool look(TimePoint now, std::uint64_t beats, bool busy);

 private:
  Clock::duration limit_{0};
  Clock::duration silent_{0};
  std::optional<TimePoint> last_look_;
  std::uint64_t last_beats_ = 0;
};

}  // namespace fetchpool::process
