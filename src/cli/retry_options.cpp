#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/quantities.h"
#include "cli/status_list.h"

namespace fetchpool::cli {

void define_retry(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Trying again");
  group.value(
      "--retry", "N", "attempts after a failed first one (2)",
      [&a](const std::string& word) { a.fetch.retries = parse_count("--retry", word, 0, 1000); });
  group.value("--retry-delay", "TIME", "longest delay before the first of them, then doubled (1s)",
              [&a](const std::string& word) {
                a.fetch.retry_delay = parse_duration("--retry-delay", word);
              });
  group.value("--retry-max-time", "TIME", "none begins later than that after the first attempt",
              [&a](const std::string& word) {
                a.fetch.retry_max_time = parse_duration("--retry-max-time", word);
              });
  group.value("--max-retry-after", "TIME", "longest pause that a host can ask for (5m)",
              [&a](const std::string& word) {
                a.fetch.max_retry_after = parse_duration("--max-retry-after", word);
              });
  group.value(
      "--retry-on", "CODES", "response codes, as in 429,5xx (408,425,429,500,502-504,...)",
      [&a](const std::string& word) { a.fetch.retry_on = parse_status_list("--retry-on", word); });
  group.flag("--retry-connrefused", "also where the connection was refused",
             [&a] { a.fetch.retry_connrefused = true; });
  group.flag("--retry-non-idempotent", "also POST and PATCH that may have arrived",
             [&a] { a.fetch.retry_non_idempotent = true; });
  group.flag("--retry-all-errors", "whatever the failure was",
             [&a] { a.fetch.retry_all_errors = true; });
}

}  // namespace fetchpool::cli
