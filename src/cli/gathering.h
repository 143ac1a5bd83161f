// When to write what waits for a file.
#pragma once

#include <chrono>
#include <optional>

#include "base/posix.h"

namespace fetchpool::cli {

// Results that come within a short time are written to a file in one go, since nobody waits for
// them there. What goes to a reader is written whenever nothing else is to be done.
class Gathering {
 public:
  static constexpr Clock::duration kTime = std::chrono::milliseconds(10);

  // Whether to write now. `gathers`: something waits for a file; `idle`: nothing else is to be
  // done.
  bool is_due(bool gathers, bool idle, TimePoint now);
  // When to ask again, where something gathers.
  std::optional<TimePoint> end() const;

 private:
  std::optional<TimePoint> since_;
};

}  // namespace fetchpool::cli
