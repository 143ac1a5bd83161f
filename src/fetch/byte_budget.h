// How many bytes may be read at which time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/posix.h"

namespace fetchpool::engine {

// Holds a reader to a rate: what was read has to be paid for in time before more is read. Pure:
// time is an argument.
class ByteBudget {
 public:
  // 0: no limit.
  void set_rate(std::uint64_t bytes_per_second) { rate_ = bytes_per_second; }
  bool is_on() const { return rate_ > 0; }

  void take(TimePoint now, std::uint64_t bytes) {
    // A silence earns a short burst, so that no rate is lost to late timers.
    constexpr auto kEarned = std::chrono::milliseconds(50);
    double seconds = static_cast<double>(bytes) / static_cast<double>(rate_);
    paid_at_ = std::max(paid_at_, now - kEarned) +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  // When more may be read.
  TimePoint opens_at() const { return paid_at_; }

 private:
  std::uint64_t rate_ = 0;
  TimePoint paid_at_{};
};

}  // namespace fetchpool::engine
