// What the person at the terminal asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/request_line.h"
#include "cli/shard.h"
#include "fetchpool/fetch.h"
#include "output/journal.h"

namespace fetchpool::cli {

enum class ProgressMode { automatic, plain, none };

struct Arguments;

// A value that is in a file ("@FILE") or in a variable of the environment ("@env:NAME").
struct OutsideValue {
  std::string option;
  std::string text;  // the value itself, or what follows the @
  bool is_outside = true;
  std::function<void(Arguments&, std::string)> take;
};

// The command line, checked: every value is in its range. Whether the files it names exist is
// found out by whoever opens them.
struct Arguments {
  enum class Action { fetch, show_help, show_version };
  Action action = Action::fetch;

  std::vector<std::string> config_files;  // their options are in here as well

  // --- what to fetch
  std::vector<std::string> urls;
  std::vector<std::string> input_files;  // "-": standard input
  std::string base;                      // empty: none
  std::string default_scheme;            // "http", "https"; empty: none
  InputFormat input_format = InputFormat::automatic;
  bool dedupe = false;
  Shard shard;
  bool dry_run = false;

  // --- what to write
  std::string output;         // empty: standard output
  std::string directory;      // bodies as files, and their records; empty: none
  std::string name_template;  // for the names of those files; empty: numbers
  bool keep_partial = false;
  bool skip_existing = false;  // whose body is there already
  bool raw = false;
  bool no_body = false;
  bool include_headers = false;
  bool stable = false;
  bool unordered = false;
  std::string warc;  // the archive; empty: none
  std::uint64_t warc_size = std::uint64_t{1} << 30;
  std::uint64_t order_window = std::uint64_t{64} << 20;
  std::uint64_t order_spill = std::uint64_t{4} << 30;

  // --- what to go on with
  bool go_on = false;  // from where an earlier run came to
  bool force = false;  // even with another list or other options
  bool retry_failed = false;
  std::optional<output::Sync> sync;

  // --- how to fetch
  FetchOptions fetch;
  std::string data_option;  // that gave the body of the requests
  // Values that stand elsewhere; see read_outside_values().
  std::vector<OutsideValue> outside_values;
  // What of the command line nobody else is to see.
  std::vector<std::string> secrets;

  // --- what to say
  bool exit_zero = false;
  bool quiet = false;
  int verbosity = 0;
  ProgressMode progress = ProgressMode::automatic;
};

// Throws UsageError with one sentence where the command line makes no sense. An option that takes
// one value and is given again: the last one counts, as in curl.
Arguments parse_arguments(int argc, const char* const* argv);

// What --help prints.
std::string help_text();

}  // namespace fetchpool::cli
