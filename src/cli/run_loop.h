// One run, from the first URL to the last record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/gathering.h"
#include "cli/progress.h"
#include "cli/request_reader.h"
#include "cli/stop_signals.h"
#include "cli/summary.h"
#include "cli/url_reader.h"
#include "fetchpool/fetch.h"
#include "output/existing_bodies.h"
#include "output/run_journal.h"
#include "output/sink.h"

namespace fetchpool::cli {

class RunLoop {
 public:
  // Throws UsageError, SystemError and PoolBroken where the run cannot begin.
  explicit RunLoop(const Arguments& arguments);

  // Returns the exit status. Once.
  int run();

 private:
  void begin_output();
  void catch_up();
  void fetch_what_can_be();
  void fetch_all();
  void feed();
  void feed_earlier();
  std::optional<ListLine> next_line();
  std::optional<ListEntry> next_of_list();
  void skip_if_there(ListEntry& entry, std::uint64_t number);
  void submit(ListEntry entry, std::uint64_t number);
  bool collect();
  void write(bool busy);
  void take(FetchResult& result);
  void put(FetchResult& result);
  void name_failure(const FetchResult& result) const;
  void apply_back_pressure();
  void tell();
  void wait_for_events(bool only_look);
  std::optional<Clock::duration> time_to_wait(bool only_look) const;
  void obey_signals();
  void obey_limits();
  void write_rest();
  void write_what_can_be();
  void end_journal();
  void summarize();

  bool wants_lines() const;
  std::uint64_t end_of_earlier() const;
  bool has_earlier() const;
  bool is_finished() const;

  const Arguments& arguments_;
  // First: its worker processes are forked while this process is small and has nothing open.
  Fetcher fetcher_;
  StopSignals signals_;
  RequestReader requests_;
  UrlReader reader_;
  output::OutputOptions output_options_;
  std::optional<output::RunJournal> journal_;
  std::unique_ptr<output::Sink> sink_;
  TimePoint start_ = Clock::now();
  Progress progress_;
  Summary summary_;
  ExitCode exit_code_;

  Stop stop_ = Stop::none;
  bool reader_waits_ = false;  // the list has nothing more at the moment
  bool held_ = false;
  Gathering gathering_;
  bool is_complete_ = false;
  bool left_something_ = false;  // a result is cancelled
  std::uint64_t lines_ = 0;      // of the list, that stand for a URL
  // Lines of which an earlier run has no result, with their numbers, the last one first.
  std::vector<std::pair<std::uint64_t, ListEntry>> again_;
  // Where failures of an earlier run are fetched again: up to here its records have gone over.
  std::uint64_t next_earlier_ = 0;
  std::optional<output::ExistingBodies> existing_;
  // Of running requests: their numbers in the list, where those of the Fetcher are others.
  std::unordered_map<std::uint64_t, std::uint64_t> numbers_;
  // What was not fetched is written last, so that the journal can end before it.
  std::vector<FetchResult> cancelled_;
};

}  // namespace fetchpool::cli
