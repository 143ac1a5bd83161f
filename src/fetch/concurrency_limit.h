// How many transfers are worth running at once.
#pragma once

#include "base/posix.h"

namespace fetchpool::engine {

// As many as there may be, while the memory for large bodies suffices or this process has time to
// spare. Else fewer: bodies that find no memory go to files, and where this process is what
// everyone waits for, more of them under way bring nothing.
class ConcurrencyLimit {
 public:
  // It is judged by what the process did for so long.
  static constexpr Clock::duration kWindow = std::chrono::milliseconds(50);

  explicit ConcurrencyLimit(int most) : most_(most), limit_(most) {}

  int get() const { return limit_; }
  bool is_reduced() const { return limit_ < most_; }

  // The loop has worked for so long, and then waited, while so many were running.
  void add(Clock::duration worked, Clock::duration waited, int running);
  // A body went to a file.
  void lacked_memory() { lacked_memory_ = true; }

 private:
  int judged(int running) const;

  int most_;
  int limit_;
  // Since it was judged last:
  Clock::duration worked_{};
  Clock::duration waited_{};
  bool lacked_memory_ = false;
};

}  // namespace fetchpool::engine
