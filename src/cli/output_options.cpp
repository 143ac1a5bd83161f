#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/quantities.h"

namespace fetchpool::cli {

void define_output(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "What to write");
  group.value(
      "-o,--output", "FILE", "write to FILE (standard output)",
      [&a](const std::string& word) { a.output = not_empty("--output", word, "the file"); });
  group.flag("--raw", "write the bodies alone, one after the other", [&a] { a.raw = true; });
  group.flag("--no-body", "write records without bodies", [&a] { a.no_body = true; });
  group.value("--warc", "FILE", "archive what was fetched in FILE (WARC 1.1, gzip) besides",
              [&a](const std::string& word) { a.warc = not_empty("--warc", word, "the archive"); });
  group.value("--warc-size", "SIZE", "go on in another file once one is so large, 0: never (1G)",
              [&a](const std::string& word) { a.warc_size = parse_size("--warc-size", word); });
  group.flag("--include-headers", "put the response headers into the records",
             [&a] { a.include_headers = true; });
  group.flag("--stable", "write null for what differs between runs, such as times",
             [&a] { a.stable = true; });
  group.flag("--unordered", "write results as they come, not in the order of the list",
             [&a] { a.unordered = true; });
  group.value(
      "--order-window", "SIZE", "memory for results that wait for their turn (64M)",
      [&a](const std::string& word) { a.order_window = parse_size("--order-window", word); });
  group.value("--order-spill", "SIZE", "disk for results beyond that (4G)",
              [&a](const std::string& word) { a.order_spill = parse_size("--order-spill", word); });
}

}  // namespace fetchpool::cli
