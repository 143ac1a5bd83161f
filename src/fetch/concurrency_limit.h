// How many transfers are worth running at once.
#pragma once

#include <algorithm>

#include "base/posix.h"

namespace fetchpool::engine {

// Few at first, and soon as many as there may be where this process has time to spare. Where it has
// not, more transfers under way bring no more pages: their answers wait here, and take the place of
// those that are worked on in the processor's cache, and of large ones in memory. So it is a few
// more at a time then, and fewer when a body found no memory; from there on it is a few more at a
// time again, but for a second seldom while most bodies are large.
class ConcurrencyLimit {
 public:
  // It is judged by what the process did for so long.
  static constexpr Clock::duration kWindow = std::chrono::milliseconds(20);
  static constexpr int kFirst = 8;

  explicit ConcurrencyLimit(int most)
      : most_(most), limit_(std::min(most, kFirst)), doubles_up_to_(most) {}
  // One that stays as it is: for hops that must not wait.
  static ConcurrencyLimit fixed(int most) {
    ConcurrencyLimit limit(most);
    limit.limit_ = most;
    limit.is_fixed_ = true;
    return limit;
  }

  int get() const { return limit_; }
  bool is_reduced() const { return limit_ < most_; }

  // The loop has worked for so long, and then waited, while so many were running, of which so many
  // have large bodies.
  void add(Clock::duration worked, Clock::duration waited, int running, int large);
  // A body found no memory.
  void lacked_memory() { lacked_memory_ = true; }

 private:
  int judged(int running);
  int fewer(int running);
  int more(bool has_time) const;

  int most_;
  int limit_;
  int doubles_up_to_;  // lower once memory was lacking
  int careful_ = 0;    // windows left after memory was lacking
  bool is_fixed_ = false;
  // Since it was judged last:
  Clock::duration worked_{};
  Clock::duration waited_{};
  int large_ = 0;  // at most
  bool lacked_memory_ = false;
};

}  // namespace fetchpool::engine
