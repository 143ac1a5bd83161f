#include "process/death_notices.h"

#include <algorithm>
#include <utility>

namespace fetchpool::process {

std::optional<std::string> DeathNotices::notice(TimePoint now, std::string text) {
  if (left_ == kAtOnce) last_refill_ = now;
  auto refills = (now - last_refill_) / kOneMoreAfter;
  last_refill_ += refills * kOneMoreAfter;
  left_ = static_cast<int>(std::min<decltype(refills)>(kAtOnce, left_ + refills));
  if (left_ == 0) {
    ++untold_;
    return std::nullopt;
  }
  --left_;
  if (int others = std::exchange(untold_, 0); others > 0)
    text += " (and " + std::to_string(others) + " more like this since the last such message)";
  return text;
}

}  // namespace fetchpool::process
