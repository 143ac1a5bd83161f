// When a run ends before its list does.
#pragma once

#include <cstdint>
#include <optional>

#include "base/posix.h"
#include "fetchpool/fetch.h"

namespace fetchpool::engine {

// Counts what a run comes to, and compares it with what FetchOptions allow. A pure decision: time
// is an argument.
class RunLimits {
 public:
  RunLimits(const FetchOptions& options, TimePoint start);

  // A URL is done; `bytes` came for it.
  void add(bool ok, std::uint64_t bytes);

  // A percentage is judged from the 50th URL on: the first one to fail would be 100 %.
  RunLimit reached(TimePoint now) const;
  // When time alone ends the run; nothing: never.
  std::optional<TimePoint> end() const { return end_; }

 private:
  std::optional<TimePoint> end_;
  std::uint64_t most_bytes_;
  std::uint64_t most_failures_;
  int most_percent_;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace fetchpool::engine
