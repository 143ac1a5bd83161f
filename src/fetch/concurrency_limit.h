// How many transfers are worth running at once.
#pragma once

#include <algorithm>

#include "base/posix.h"

namespace fetchpool::engine {

// As many as there may be, while the memory for large bodies suffices or this process has time to
// spare. Else fewer: bodies that find no memory go to files, and where this process has no time for
// that, more of them under way bring nothing.
class ConcurrencyLimit {
 public:
  // It is judged by what the process did for so long.
  static constexpr Clock::duration kWindow = std::chrono::milliseconds(50);

  explicit ConcurrencyLimit(int most) : most_(most), limit_(most) {}

  int get() const { return limit_; }
  bool is_reduced() const { return limit_ < most_; }

  // The loop has worked for so long, and then waited, while so many were running.
  void add(Clock::duration worked, Clock::duration waited, int running);
  // A body went to a file, one of so many that are large now.
  void lacked_memory(int large) { large_ = std::max(large_, large); }

 private:
  int judged(int running) const;

  int most_;
  int limit_;
  // Since it was judged last:
  Clock::duration worked_{};
  Clock::duration waited_{};
  int large_ = 0;  // bodies, when memory was lacking; 0: there was enough
};

}  // namespace fetchpool::engine
