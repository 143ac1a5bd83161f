#include "cli/run_limits.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <limits>

#include "cli/quantities.h"

namespace fetchpool::cli {
namespace {

constexpr std::uint64_t kEnoughForPercent = 50;

}  // namespace

void RunLimits::add(bool ok, std::uint64_t bytes) {
  ++done_;
  if (!ok) ++failed_;
  bytes_ += bytes;
}

std::optional<std::string> RunLimits::reached(std::chrono::nanoseconds since_start) const {
  if (options_.time.count() > 0 && since_start >= options_.time)
    return fmt::format("{} have passed", format_duration(options_.time));
  if (options_.bytes > 0 && bytes_ >= options_.bytes)
    return fmt::format("{} were fetched", format_bytes(bytes_));
  if (options_.failures > 0 && failed_ >= options_.failures)
    return fmt::format("{} failed", format_count(failed_, "URL"));
  double percent =
      done_ == 0 ? 0 : 100.0 * static_cast<double>(failed_) / static_cast<double>(done_);
  if (options_.failures_percent > 0 && done_ >= kEnoughForPercent &&
      percent >= options_.failures_percent)
    return fmt::format("{:.3g} % of {} failed", percent, format_count(done_, "URL"));
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> RunLimits::time_left(
    std::chrono::nanoseconds since_start) const {
  if (options_.time.count() == 0) return std::nullopt;
  return std::max(options_.time - since_start, std::chrono::nanoseconds(0));
}

void parse_failures(const std::string& text, RunLimitOptions& options) {
  options.failures = 0;
  options.failures_percent = 0;
  if (text.ends_with('%'))
    options.failures_percent =
        parse_count("--max-failures", text.substr(0, text.size() - 1), 1, 100);
  else
    options.failures = static_cast<std::uint64_t>(
        parse_count("--max-failures", text, 0, std::numeric_limits<int>::max()));
}

}  // namespace fetchpool::cli
