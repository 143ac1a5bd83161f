// When a supervisor looks at the clock next.
#pragma once

#include <optional>

#include "base/posix.h"

namespace fetchpool::process {

// The earliest of all times at which something may be due, and whether the look came when it was
// expected. A pure decision; the caller brings the time.
class NextLook {
 public:
  // Something may be due at `time`.
  void look_at(TimePoint time);
  bool is_due(TimePoint now) const { return now >= next_; }
  // Looks at everything anew: nothing is due until look_at() says so.
  void begin() { next_ = TimePoint::max(); }
  std::optional<TimePoint> time() const;

  // From now on the next look is expected after `timeout` at the latest; then it came.
  void expect_within(TimePoint now, std::optional<Clock::duration> timeout);
  void came(TimePoint now) { expected_ = now; }
  // How late this look is, where it is so late that this process was stopped, or its owner away.
  std::optional<Clock::duration> absence(TimePoint now);

 private:
  TimePoint next_ = TimePoint::max();
  TimePoint expected_ = TimePoint::max();
};

}  // namespace fetchpool::process
