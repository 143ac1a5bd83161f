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
    int doubled = has_time ? std::min(2 * limit_, doubles_up_to_) : 0;
    return std::min(most_, std::max(limit_ + std::max(1, limit_ / 16), doubled));
  }
  // What was left out before has yet to show.
  if (running > limit_) return limit_;
  // Half of those that are large; the others have no part in this.
  int fewer = std::min(limit_, std::max(kLeast, running - std::max(1, large_ / 2)));
  doubles_up_to_ = fewer;
  return fewer;
}

}  // namespace fetchpool::engine
