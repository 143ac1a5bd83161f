#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/arguments.h"
#include "cli/option_list.h"

namespace fetchpool::cli {
namespace {

constexpr std::string_view kStart =
    R"(Usage: fetchpool [OPTION...] URL...
       fetchpool [OPTION...] -i FILE
       COMMAND | fetchpool [OPTION...]
       fetchpool check DIR|FILE...

Fetches all URLs in parallel with worker processes and writes one JSON record
for each, in the order of the list. A list has one URL a line; blank lines and
lines that begin with # are skipped. URLs of the command line come before those
of the files. Without either, the list is read from standard input.

"check" reads what -P, -o or --warc made, and says what is wrong with it.
)";

constexpr std::string_view kEnd = R"(
Defaults stand in parentheses. A SIZE is in bytes, or with K, M, G, T (powers of
1024). A TIME is in seconds, or with ms, s, m, h. An option given twice: the last
one counts, except that --input-file, --header, --data, --resolve and --connect-to
add up.

Examples:
  fetchpool -i urls.txt > pages.jsonl
  fetchpool https://example.com/ https://example.org/ | jq -r .body
  generate-urls | fetchpool --no-body | jq -c '[.url, .response_code]'
  fetchpool -i paths.txt --base https://example.com/ --raw -o all.html
  fetchpool -i urls.txt -p 8 -j 256 --per-host 2 --retry 5 -m 2m -o pages.jsonl

Exit status, the lowest of 4 to 8 that occurred:
  0    every URL was fetched
  1    internal error: no worker process can be started
  2    wrong option, or a list that cannot be opened
  3    a local file cannot be read or written
  4    a URL failed: name look-up, connection, timeout, cut off
  5    a URL failed: TLS
  6    a URL failed: 401 or 407, credentials wanted
  7    a URL failed: not a URL, not HTTP, refused by a limit
  8    a URL was answered with another error status
  9    stopped before its end by a limit
  129, 130, 143  stopped by SIGHUP, SIGINT, SIGTERM (the first one lets running
       transfers end, the second does not)
  141  standard output was closed
)";

// Where the texts of the options begin.
constexpr std::size_t kTextColumn = 30;

std::string names_and_value(const CLI::Option& option) {
  std::string text = "  ";
  const auto& shorts = option.get_snames();
  text += shorts.empty() ? "    " : fmt::format("-{}, ", shorts.front());
  text += "--" + option.get_lnames().front();
  if (option.get_items_expected_max() > 0) text += ' ' + option.get_type_name();
  return text;
}

// Names that are too long have a line of their own.
std::string line_of(const CLI::Option& option) {
  std::string names = names_and_value(option);
  if (names.size() >= kTextColumn) names += '\n' + std::string(kTextColumn, ' ');
  return fmt::format("{:<{}}{}\n", names, kTextColumn, option.get_description());
}

}  // namespace

std::string help_text() {
  CLI::App app;
  Arguments unused;
  define_options(app, unused);
  std::string text(kStart);
  for (const CLI::App* group : option_groups(app)) {
    text += fmt::format("\n{}:\n", group->get_group());
    for (const CLI::Option* option : group->get_options()) text += line_of(*option);
  }
  return text.append(kEnd);
}

}  // namespace fetchpool::cli
