// Every option of the program: its names, its value, its line in --help.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace fetchpool::cli {

struct Arguments;

// Defines the options on `app`; parsing then fills `arguments`, which must live as long as `app`.
// A value that makes no sense throws UsageError.
void define_options(CLI::App& app, Arguments& arguments);

// All names, "-j" and "--concurrency" alike.
std::vector<std::string> option_names(const CLI::App& app);

}  // namespace fetchpool::cli
