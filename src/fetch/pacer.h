// Keeps a rate.
#pragma once

#include "base/posix.h"

namespace fetchpool::engine {

// Says when the next of many starts may be, so that there is one in each interval. Time is an
// argument. What a late timer costs is made up for, as long as it is no more than a few
// milliseconds: else no high rate could be reached.
class Pacer {
 public:
  // An interval of 0: no limit.
  explicit Pacer(Clock::duration interval = Clock::duration{0}) : interval_(interval) {}

  bool is_on() const { return interval_.count() > 0; }
  // Nothing may start before.
  TimePoint next() const { return next_; }
  void start(TimePoint now) {
    constexpr auto kMadeUpFor = std::chrono::milliseconds(5);
    next_ = (now - next_ > kMadeUpFor ? now : next_) + interval_;
  }

 private:
  Clock::duration interval_;
  TimePoint next_{};
};

}  // namespace fetchpool::engine
