#include "process/death_notices.h"

#include <algorithm>
#include <utility>

namespace fetchpool::process {

std::optional<std::string> DeathNotices::notice(TimePoint now, std::string text) {
  auto refills = (now - last_refill_) / kOneMoreAfter;
  last_refill_ += refills * kOneMoreAfter;
  left_ = static_cast<int>(std::min<decltype(refills)>(kAtOnce, left_ + refills));
  if (left_ == 0) {
    ++untold_;
    return std::nullopt;
  }
  --left_;
  if (int others = std::exchange(untold_, 0); others > 0)
    text += " (and " + std::to_string(others) + " more since the message before)";
  return text;
}

}  // namespace fetchpool::process
