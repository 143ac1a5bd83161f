#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/quantities.h"

namespace fetchpool::cli {

void define_politeness(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Sparing the servers");
  group.value("--wait", "TIME", "between two requests to one host", [&a](const std::string& word) {
    a.fetch.wait_per_host = parse_duration("--wait", word);
  });
  group.flag("--random-wait", "instead, a random time from half of that to one and a half",
             [&a] { a.fetch.random_wait = true; });
  group.value("--rate", "N/UNIT", "requests in all, as in 20/s, 100/m, 1000/h or 5000/d",
              [&a](const std::string& word) { a.fetch.rate = parse_rate("--rate", word); });
  group.value("--rate-per-host", "N/UNIT", "requests to one host", [&a](const std::string& word) {
    a.fetch.rate_per_host = parse_rate("--rate-per-host", word);
  });
  group.value(
      "--limit-rate", "SIZE", "bytes a second, in all, as in 500K",
      [&a](const std::string& word) { a.fetch.limit_rate = parse_size("--limit-rate", word); });
  group.value("--max-host-errors", "N", "give a host up after N failures in a row, 0: never (0)",
              [&a](const std::string& word) {
                a.fetch.max_host_errors = parse_count("--max-host-errors", word, 0, 1000000);
              });
}

}  // namespace fetchpool::cli
