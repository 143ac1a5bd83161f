#include "fetch/concurrency_limit.h"

#include <algorithm>

namespace fetchpool::engine {
namespace {

constexpr int kLeast = 4;

}  // namespace

void ConcurrencyLimit::add(Clock::duration worked, Clock::duration waited, int running) {
  worked_ += worked;
  waited_ += waited;
  if (worked_ + waited_ < kWindow) return;
  if (!is_fixed_) limit_ = judged(running);
  worked_ = waited_ = {};
  large_ = 0;
}

int ConcurrencyLimit::judged(int running) {
  bool has_time = waited_ > 2 * worked_;
  if (has_time || large_ == 0) {
    int soon = has_time ? std::min(limit_, soon_ - limit_) : 0;
    return std::min(most_, limit_ + std::max({1, soon, limit_ / 16}));
  }
  // What was left out before has yet to show.
  if (running > limit_) return limit_;
  // Half of those that are large; the others have no part in this.
  int fewer = std::min(limit_, std::max(kLeast, running - std::max(1, large_ / 2)));
  soon_ = fewer;
  return fewer;
}

}  // namespace fetchpool::engine
