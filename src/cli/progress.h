// How far a run is, said now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "cli/arguments.h"

namespace fetchpool::cli {

// What progress is told from.
struct ProgressCounts {
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  // known once the list was read to its end
  std::uint64_t failed = 0;
};

// "1234 of 20000  617/s  ETA 30.4 s  3 failed", without the parts that are not known, at most
// `width` characters.
std::string progress_text(const ProgressCounts& counts, double rate, std::size_t width);

// Things a second over the last seconds. Pure: the time is an argument, and never goes back.
class RateMeter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void add(TimePoint now, std::uint64_t done);
  // 0 until there are two points in time.
  double rate() const;

 private:
  struct Sample {
    TimePoint time;
    std::uint64_t done;
  };
  std::deque<Sample> samples_;
};

// Shows progress on standard error: a line that changes in place on a terminal, else a line every
// ten seconds, or nothing.
class Progress {
 public:
  using TimePoint = RateMeter::TimePoint;

  Progress(ProgressMode mode, bool quiet, TimePoint start);
  // Takes the line away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows the counts if it is time.
  void update(TimePoint now, const ProgressCounts& counts);
  // When update() has something to do next; nothing: never.
  std::optional<TimePoint> next_update() const;

 private:
  enum class Style { none, line, plain };
  static Style style(ProgressMode mode, bool quiet);

  Style style_;
  TimePoint next_;
  RateMeter meter_;
};

}  // namespace fetchpool::cli
