#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/quantities.h"

namespace fetchpool::cli {

void define_parallel(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "How much at once");
  group.value("-p,--processes", "N", "worker processes (one for each usable CPU)",
              [&a](const std::string& word) {
                a.fetch.processes = parse_count("--processes", word, 1, 1024);
              });
  group.value("-j,--concurrency,--max-concurrent-downloads,--parallel-max", "N",
              "transfers at once, in all (128)", [&a](const std::string& word) {
                a.fetch.concurrency = parse_count("--concurrency", word, 1, 65535);
              });
  group.value("--per-host,--parallel-max-host", "N",
              "transfers at once to one host, 0: any number (6)", [&a](const std::string& word) {
                a.fetch.per_host = parse_count("--per-host", word, 0, 65536);
              });
}

}  // namespace fetchpool::cli
