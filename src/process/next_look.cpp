#include "process/next_look.h"

#include <algorithm>

namespace fetchpool::process {

void NextLook::look_at(TimePoint time) {
  next_ = std::min(next_, time);
}

std::optional<TimePoint> NextLook::time() const {
  return next_ == TimePoint::max() ? std::nullopt : std::optional(next_);
}

void NextLook::expect_within(TimePoint now, std::optional<Clock::duration> timeout) {
  expected_ = timeout ? std::min(next_, now + *timeout) : next_;
}

std::optional<Clock::duration> NextLook::absence(TimePoint now) {
  // A busy machine is late as well, but not by so much.
  constexpr std::chrono::seconds kWasAway{1};
  if (expected_ == TimePoint::max() || now - expected_ < kWasAway) return std::nullopt;
  Clock::duration away = now - expected_;
  expected_ = now;
  return away;
}

}  // namespace fetchpool::process
