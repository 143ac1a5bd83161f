#include "fetch/run_limits.h"

namespace fetchpool::engine {
namespace {

constexpr std::uint64_t kEnoughForPercent = 50;

}  // namespace

RunLimits::RunLimits(const FetchOptions& options, TimePoint start)
    : most_bytes_(options.max_total_bytes),
      most_failures_(options.max_failures),
      most_percent_(options.max_failures_percent) {
  if (options.stop_after.count() > 0) end_ = start + options.stop_after;
}

void RunLimits::add(bool ok, std::uint64_t bytes) {
  ++done_;
  if (!ok) ++failed_;
  bytes_ += bytes;
}

RunLimit RunLimits::reached(TimePoint now) const {
  if (end_ && now >= *end_) return RunLimit::time;
  if (most_bytes_ > 0 && bytes_ >= most_bytes_) return RunLimit::bytes;
  if (most_failures_ > 0 && failed_ >= most_failures_) return RunLimit::failures;
  bool is_share = most_percent_ > 0 && done_ >= kEnoughForPercent &&
                  failed_ * 100 >= done_ * static_cast<std::uint64_t>(most_percent_);
  return is_share ? RunLimit::failures_percent : RunLimit::none;
}

}  // namespace fetchpool::engine
