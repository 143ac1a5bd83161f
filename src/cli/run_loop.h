// One run, from the first URL to the last record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/posix.h"
#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/line_resolver.h"
#include "cli/progress.h"
#include "cli/stop_signals.h"
#include "cli/summary.h"
#include "cli/url_reader.h"
#include "fetchpool/fetch.h"
#include "output/sink.h"

namespace fetchpool::cli {

class RunLoop {
 public:
  // Throws UsageError, SystemError and PoolBroken where the run cannot begin.
  explicit RunLoop(const Arguments& arguments);

  // Returns the exit status. Once.
  int run();

 private:
  void fetch_what_can_be();
  void fetch_all();
  void feed();
  std::optional<ListLine> next_line();
  void submit(ListLine line);
  bool collect();
  void take(FetchResult& result);
  void name_failure(const FetchResult& result) const;
  void apply_back_pressure();
  void tell();
  void wait_for_events(bool only_look);
  std::optional<Clock::duration> time_to_wait(bool only_look) const;
  void obey_signals();
  void write_rest();
  void summarize();

  bool wants_lines() const;
  bool is_finished() const;

  const Arguments& arguments_;
  // First: its worker processes are forked while this process is small and has nothing open.
  Fetcher fetcher_;
  StopSignals signals_;
  LineResolver resolver_;
  UrlReader reader_;
  std::unique_ptr<output::Sink> sink_;
  TimePoint start_ = Clock::now();
  Progress progress_;
  Summary summary_;
  ExitCode exit_code_;

  Stop stop_ = Stop::none;
  bool reader_waits_ = false;  // the list has nothing more at the moment
  bool held_ = false;
  std::uint64_t submitted_ = 0;
  std::set<std::uint64_t> too_long_;  // numbers of running requests that stand for such lines
};

}  // namespace fetchpool::cli
