// When a run ends before its list does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace fetchpool::cli {

// What --stop, --max-total-bytes and --max-failures say; 0: no limit.
struct RunLimitOptions {
  std::chrono::nanoseconds time{0};
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
  double failures_percent = 0;  // of the URLs done
};

// Counts what a run comes to. A pure decision: time is an argument.
class RunLimits {
 public:
  explicit RunLimits(const RunLimitOptions& options) : options_(options) {}

  // A URL is done; `bytes` came for it.
  void add(bool ok, std::uint64_t bytes);

  // Which limit is reached, as a clause ("3 URLs failed"); nothing: none. A percentage is judged
  // from the 50th URL on: the first one to fail would be 100 %.
  std::optional<std::string> reached(std::chrono::nanoseconds since_start) const;
  // How long until time alone ends the run; nothing: never.
  std::optional<std::chrono::nanoseconds> time_left(std::chrono::nanoseconds since_start) const;

 private:
  RunLimitOptions options_;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t bytes_ = 0;
};

// "N" or "P%".
void parse_failures(const std::string& text, RunLimitOptions& options);

}  // namespace fetchpool::cli
