// Every option of the program: its names, its value, its line in --help.
#pragma once

#include <string>
#include <vector>

#include "fetchpool/fetch_options.h"

namespace CLI {
class App;
}

namespace fetchpool::cli {

struct Arguments;

// Defines the options on `app`; parsing then fills `arguments`, which must live as long as `app`.
// A value that makes no sense throws UsageError.
void define_options(CLI::App& app, Arguments& arguments);

// Its groups, in the order of --help; each lies in a file of its own.
void define_input(CLI::App& app, Arguments& arguments);       // input_options.cpp
void define_output(CLI::App& app, Arguments& arguments);      // output_options.cpp
void define_resume(CLI::App& app, Arguments& arguments);      // resume_options.cpp
void define_parallel(CLI::App& app, Arguments& arguments);    // schedule_options.cpp
void define_politeness(CLI::App& app, Arguments& arguments);  // politeness_options.cpp
void define_retry(CLI::App& app, Arguments& arguments);       // retry_options.cpp
void define_limits(CLI::App& app, Arguments& arguments);      // limit_options.cpp
void define_run_limits(CLI::App& app, Arguments& arguments);  // limit_options.cpp
void define_safety(CLI::App& app, Arguments& arguments);      // safety_options.cpp
void define_request(CLI::App& app, Arguments& arguments);     // request_options.cpp
void define_connection(CLI::App& app, Arguments& arguments);  // connection_options.cpp
void define_messages(CLI::App& app, Arguments& arguments);    // message_options.cpp

// Throws UsageError, beginning with the option's name, where what `options` say about requests and
// connections makes no sense.
void check_option(const std::string& option, const FetchOptions& options);

// Those groups; get_group() is the name of each.
std::vector<const CLI::App*> option_groups(const CLI::App& app);

// All names, "-j" and "--concurrency" alike.
std::vector<std::string> option_names(const CLI::App& app);

}  // namespace fetchpool::cli
