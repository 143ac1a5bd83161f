#include "fetch/concurrency_limit.h"

#include <algorithm>

namespace fetchpool::engine {
namespace {

constexpr int kLeast = 4;
// After memory was lacking and there were fewer for it, for so many windows, it is more only in
// every sixteenth: what is gained by one more is lost many times over when it was one too many.
constexpr int kCareful = 64;
constexpr int kSeldom = 16;

}  // namespace

void ConcurrencyLimit::add(Clock::duration worked, Clock::duration waited, int running, int large) {
  worked_ += worked;
  waited_ += waited;
  large_ = std::max(large_, large);
  if (worked_ + waited_ < kWindow) return;
  if (!is_fixed_) limit_ = judged(running);
  worked_ = waited_ = {};
  large_ = 0;
  lacked_memory_ = false;
}

int ConcurrencyLimit::judged(int running) {
  bool has_time = waited_ > 2 * worked_;
  if (lacked_memory_ && !has_time) return fewer(running);
  bool is_too_soon = careful_ > 0 && --careful_ % kSeldom != 0;
  bool most_are_large = large_ > 0 && 2 * large_ >= running;
  return is_too_soon && most_are_large ? limit_ : more(has_time);
}

int ConcurrencyLimit::more(bool has_time) const {
  int doubled = has_time ? std::min(2 * limit_, doubles_up_to_) : 0;
  return std::min(most_, std::max(limit_ + std::max(1, limit_ / 16), doubled));
}

int ConcurrencyLimit::fewer(int running) {
  careful_ = kCareful;
  // What was left out before has yet to show.
  if (running > limit_) return limit_;
  // Half of those that are large; the others have no part in this.
  doubles_up_to_ = std::min(limit_, std::max(kLeast, running - std::max(1, large_ / 2)));
  return doubles_up_to_;
}

}  // namespace fetchpool::engine
