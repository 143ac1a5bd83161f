#include "cli/option_list.h"

#include <CLI/CLI.hpp>

#include "cli/arguments.h"

namespace fetchpool::cli {

void define_options(CLI::App& app, Arguments& arguments) {
  app.set_help_flag();
  app.allow_extras();
  define_input(app, arguments);
  define_output(app, arguments);
  define_resume(app, arguments);
  define_parallel(app, arguments);
  define_politeness(app, arguments);
  define_retry(app, arguments);
  define_limits(app, arguments);
  define_run_limits(app, arguments);
  define_safety(app, arguments);
  define_request(app, arguments);
  define_connection(app, arguments);
  define_messages(app, arguments);
}

std::vector<const CLI::App*> option_groups(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* group : option_groups(app)) {
    for (const CLI::Option* option : group->get_options()) {
      for (const auto& name : option->get_snames()) names.push_back("-" + name);
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

}  // namespace fetchpool::cli
