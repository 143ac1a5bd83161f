// When to try again to start a worker, and when to give up.
#pragma once

#include <chrono>
#include <string>

#include "base/posix.h"

namespace fetchpool::process {

// Counts the starts that failed in a row: workers that died or stayed silent before they were
// ready, and forks that were refused; and, for each place, workers that were ready and ended before
// they had begun a job. Other deaths do not count, so a job that always kills its worker never
// trips the guard. A pure decision: time is an argument.
class StartGuard {
 public:
  struct Options {
    int give_up_after = 5;  // failures in a row
    std::chrono::milliseconds first_delay{50};
    std::chrono::milliseconds longest_delay{5000};
  };

  StartGuard() = default;
  explicit StartGuard(const Options& options) : options_(options) {}

  void failed(TimePoint now, std::string cause);
  void succeeded();

  // Whether no more starts should be tried.
  bool gave_up() const { return failures_ >= options_.give_up_after; }
  // Starts are allowed from this time on; it doubles with each failure.
  TimePoint next_start() const { return next_start_; }
  // What went wrong last.
  const std::string& cause() const { return cause_; }
  int failures() const { return failures_; }

 private:
  Options options_;
  int failures_ = 0;
  TimePoint next_start_{};
  std::string cause_;
};

}  // namespace fetchpool::process
