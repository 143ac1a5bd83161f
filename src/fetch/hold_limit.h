// How many requests an engine holds at once.
#pragma once

#include <cstddef>
#include <optional>

#include "base/posix.h"

namespace fetchpool::engine {

// A few, so that they lie in the processor's cache from their submission to their result: that is a
// twentieth of the time of a run. More where workers would run more than there is to start among
// those, since work may come later in the list; but never so many that a list of any length would
// not cost the same memory.
class HoldLimit {
 public:
  static constexpr std::size_t kFew = 1024;
  static constexpr std::size_t kMost = 8192;
  // A new host is asked for one page at first: that it cannot be asked for more is no lack of work.
  static constexpr Clock::duration kPatience = std::chrono::milliseconds(20);

  // `concurrency`: transfers at once.
  explicit HoldLimit(int concurrency);

  std::size_t get() const { return limit_; }
  // `lacks_work`: all that may be held is, and workers would run more than there is to start.
  void look(bool lacks_work, TimePoint now);
  // When to look again; nothing where no work is lacking.
  std::optional<TimePoint> next_look() const;

 private:
  std::size_t limit_;
  std::optional<TimePoint> lacks_work_since_;
};

}  // namespace fetchpool::engine
