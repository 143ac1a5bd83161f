// Whether a transfer has been too slow for too long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/posix.h"

namespace fetchpool::engine {

// Looks at a transfer eight times within the time for which it may be slow, and compares what came
// since the eighth look before. A pure decision: time is an argument.
class SpeedWatch {
 public:
  // `limit`: bytes a second; 0: any speed will do.
  void begin(std::uint64_t limit, Clock::duration time, TimePoint now);
  // From here on it counts: `bytes` came before.
  void restart(TimePoint now, std::uint64_t bytes);

  // When to look next; TimePoint::max(): never.
  TimePoint next_look() const { return next_; }
  // `bytes` came so far. True: less than the limit, over all of the time that ends now.
  bool is_too_slow(TimePoint now, std::uint64_t bytes);
  // The time was not the transfer's.
  void add_time(Clock::duration more);

 private:
  static constexpr std::size_t kLooks = 8;

  double least_ = 0;  // bytes in all of the time
  Clock::duration tick_{0};
  TimePoint next_ = TimePoint::max();
  std::array<std::uint64_t, kLooks> seen_{};
  std::size_t looks_ = 0;
};

}  // namespace fetchpool::engine
