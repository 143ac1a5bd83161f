#include "fetch/hold_limit.h"

#include <algorithm>

namespace fetchpool::engine {

HoldLimit::HoldLimit(int concurrency)
    : limit_(std::clamp(4 * static_cast<std::size_t>(concurrency), kFew, kMost)) {}

void HoldLimit::look(bool lacks_work, TimePoint now) {
  if (!lacks_work || limit_ == kMost) return lacks_work_since_.reset();
  if (!lacks_work_since_) lacks_work_since_ = now;
  if (now - *lacks_work_since_ < kPatience) return;
  limit_ = std::min(2 * limit_, kMost);
  lacks_work_since_.reset();
}

std::optional<TimePoint> HoldLimit::next_look() const {
  return lacks_work_since_ ? std::optional(*lacks_work_since_ + kPatience) : std::nullopt;
}

}  // namespace fetchpool::engine
