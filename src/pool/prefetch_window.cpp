#include "pool/prefetch_window.h"

#include <algorithm>

namespace fetchpool::pool {

void PrefetchWindow::note(std::chrono::nanoseconds work) {
  auto ns = static_cast<double>(std::max<std::chrono::nanoseconds::rep>(work.count(), 1));
  // Tasks that have become slow matter at once, those that have become fast after a few.
  double weight = mean_ns_ == 0 ? 1.0 : ns > mean_ns_ ? 0.5 : 0.125;
  mean_ns_ += (ns - mean_ns_) * weight;
}

std::size_t PrefetchWindow::size() const {
  constexpr double kSlow = 1e6;
  constexpr double kHeld = 5e5;
  if (mean_ns_ == 0 || mean_ns_ > kSlow) return 1;
  return std::clamp<std::size_t>(static_cast<std::size_t>(kHeld / mean_ns_), 2, 256);
}

}  // namespace fetchpool::pool
