// What became of a run, for the person at the terminal.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "fetchpool/fetch.h"

namespace fetchpool::cli {

// How the run went as a whole.
struct RunFigures {
  std::chrono::nanoseconds duration{};
  std::uint64_t retries = 0;
  std::uint64_t workers_replaced = 0;
  std::string stopped_by;  // "SIGINT"; empty: it came to its end
};

// Counts results and keeps one example of each way to fail.
class Summary {
 public:
  void add(const FetchResult& result);

  std::uint64_t done() const { return done_; }
  std::uint64_t failed() const { return done_ - succeeded_; }

  // A few short lines: how many were fetched, how fast, what failed (with an example each where
  // `examples`), what was odd.
  std::vector<std::string> lines(const RunFigures& figures, bool examples) const;

 private:
  struct Kind {
    std::uint64_t count = 0;
    std::string example;
  };

  std::string first_line(const RunFigures& figures) const;
  std::vector<std::string> failure_lines(bool examples) const;

  std::uint64_t done_ = 0;
  std::uint64_t succeeded_ = 0;
  std::uint64_t bytes_ = 0;
  std::array<Kind, kOutcomeCount> kinds_;
};

// "http://h/a: timeout: no answer within 60 s".
std::string failure_text(const FetchResult& result);

}  // namespace fetchpool::cli
