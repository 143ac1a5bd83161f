#include "fetch/speed_watch.h"

#include <algorithm>
#include <chrono>

namespace fetchpool::engine {

void SpeedWatch::begin(std::uint64_t limit, Clock::duration time, TimePoint now) {
  next_ = TimePoint::max();
  if (limit == 0 || time <= Clock::duration::zero()) return;
  least_ = static_cast<double>(limit) * std::chrono::duration<double>(time).count();
  tick_ = std::max<Clock::duration>(time / kLooks, std::chrono::milliseconds(1));
  restart(now, 0);
}

void SpeedWatch::restart(TimePoint now, std::uint64_t bytes) {
  next_ = now + tick_;
  seen_[0] = bytes;
  looks_ = 1;
}

bool SpeedWatch::is_too_slow(TimePoint now, std::uint64_t bytes) {
  if (now < next_) return false;
  next_ = now + tick_;
  std::uint64_t& oldest = seen_[looks_ % kLooks];
  bool slow = looks_ >= kLooks && static_cast<double>(bytes - oldest) < least_;
  oldest = bytes;
  ++looks_;
  return slow;
}

void SpeedWatch::add_time(Clock::duration more) {
  if (next_ != TimePoint::max()) next_ += more;
}

}  // namespace fetchpool::engine
