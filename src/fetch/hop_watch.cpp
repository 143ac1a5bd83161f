#include "fetch/hop_watch.h"

#include <algorithm>
#include <utility>

namespace fetchpool::engine {

Clock::duration HopWatch::tick() const {
  return std::clamp<Clock::duration>(patience_ / 8, std::chrono::milliseconds(1),
                                     std::chrono::seconds(1));
}

Clock::duration HopWatch::ran_before(std::uint64_t job) const {
  for (const Age& age : ages_)
    if (age.job == job) return age.ran;
  return {};
}

HopWatch::Finding HopWatch::look(TimePoint now, std::span<const Hop> hops, std::uint64_t begun) {
  Clock::duration passed = has_looked_ ? std::min(now - last_look_, tick()) : Clock::duration{0};
  last_look_ = now;
  has_looked_ = true;
  quiet_ += passed;

  bool runs_some = std::any_of(hops.begin(), hops.end(), [](const Hop& hop) { return hop.runs; });
  bool is_idle = !hops.empty() && !runs_some && begun == begun_;
  idle_ = is_idle ? idle_ + passed : Clock::duration{0};
  begun_ = begun;

  bool is_late = false;
  std::vector<Age> ages;
  for (const Hop& hop : hops) {
    if (!hop.runs) continue;
    Age age{hop.job, ran_before(hop.job) + passed};
    is_late = is_late || (hop.limit.count() > 0 && age.ran >= hop.limit + patience_);
    ages.push_back(age);
  }
  ages_ = std::move(ages);

  if (patience_.count() == 0) return Finding::fine;
  if (idle_ >= patience_) return Finding::deaf;
  return is_late && quiet_ >= patience_ ? Finding::late : Finding::fine;
}

}  // namespace fetchpool::engine
