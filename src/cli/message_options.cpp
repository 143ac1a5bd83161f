#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"

namespace fetchpool::cli {
namespace {

ProgressMode progress_mode(const std::string& value) {
  one_of("--progress", value, {"auto", "plain", "none"});
  return value == "auto"    ? ProgressMode::automatic
         : value == "plain" ? ProgressMode::plain
                            : ProgressMode::none;
}

}  // namespace

void define_messages(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Messages");
  group.values("-K,--config", "FILE", "read options from FILE, one a line, before the others",
               [&a](const OptionGroup::Words& words) { a.config_files = words; });
  group.flag("-q,--quiet", "errors only: no progress, no summary", [&a] { a.quiet = true; });
  group.flag("-v,--verbose", "say more: a line for each URL that failed, -vv: for each URL",
             [&a] { ++a.verbosity; });
  group.value("--progress", "MODE", "auto, plain (a line now and then) or none (auto)",
              [&a](const std::string& word) { a.progress = progress_mode(word); });
  group.flag("--exit-zero", "exit with 0 even where URLs failed", [&a] { a.exit_zero = true; });
  group.flag("-V,--version", "print the version",
             [&a] { a.action = Arguments::Action::show_version; });
  group.flag("-h,--help", "print this text", [&a] { a.action = Arguments::Action::show_help; });
}

}  // namespace fetchpool::cli
