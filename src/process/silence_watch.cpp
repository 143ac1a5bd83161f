#include "process/silence_watch.h"

#include <algorithm>

namespace fetchpool::process {

Clock::duration SilenceWatch::tick() const {
  return std::clamp<Clock::duration>(limit_ / 8, std::chrono::milliseconds(1),
                                     std::chrono::seconds(1));
}

bool SilenceWatch::look(TimePoint now, std::uint64_t beats, bool busy) {
  bool heard = !last_look_ || !busy || beats != last_beats_;
  silent_ = heard ? Clock::duration{0} : silent_ + std::min(now - *last_look_, tick());
  last_look_ = now;
  last_beats_ = beats;
  return limit_.count() > 0 && silent_ >= limit_;
}

}  // namespace fetchpool::process
