#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"

namespace fetchpool::cli {
namespace {

output::Sync sync_mode(const std::string& value) {
  one_of("--sync", value, {"none", "batch", "always"});
  return value == "none"    ? output::Sync::none
         : value == "batch" ? output::Sync::batch
                            : output::Sync::always;
}

}  // namespace

void define_resume(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Going on after an interruption");
  group.flag("-c,--continue", "go on from where the last run to the same output came to",
             [&a] { a.go_on = true; });
  group.flag("--retry-failed", "with -c: fetch again what failed, and replace its records",
             [&a] { a.retry_failed = true; });
  group.flag("--force", "go on even with another list or other options", [&a] { a.force = true; });
  group.value("--sync", "MODE", "force results to disk: none, batch, always (batch with -c)",
              [&a](const std::string& word) { a.sync = sync_mode(word); });
}

}  // namespace fetchpool::cli
