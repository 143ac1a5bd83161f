#include "cli/gathering.h"

namespace fetchpool::cli {

bool Gathering::is_due(bool gathers, bool idle, TimePoint now) {
  if (!gathers) {
    since_.reset();
    return idle;
  }
  if (!since_) since_ = now;
  if (now - *since_ < kTime) return false;
  since_.reset();
  return true;
}

std::optional<TimePoint> Gathering::end() const {
  return since_ ? std::optional(*since_ + kTime) : std::nullopt;
}

}  // namespace fetchpool::cli
