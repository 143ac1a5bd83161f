#include "process/start_guard.h"

#include <algorithm>
#include <utility>

namespace fetchpool::process {

void StartGuard::failed(TimePoint now, std::string cause) {
  auto delay = options_.first_delay;
  for (int i = 0; i < failures_ && delay < options_.longest_delay; ++i) delay *= 2;
  next_start_ = now + std::min(delay, options_.longest_delay);
  ++failures_;
  cause_ = std::move(cause);
}

void StartGuard::succeeded() {
  failures_ = 0;
  next_start_ = {};
  cause_.clear();
}

}  // namespace fetchpool::process
