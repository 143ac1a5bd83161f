#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/quantities.h"
#include "cli/usage_error.h"
#include "output/file_name.h"

namespace fetchpool::cli {
namespace {

std::string file_template(const std::string& word) {
  not_empty("--output-template", word, "the files");
  try {
    output::check_template(word);
  } catch (const Error& error) {
    throw UsageError(std::string("--output-template: ") + error.what());
  }
  return word;
}

BodyHash hash_kind(const std::string& word) {
  one_of("--hash", word, {"sha256", "xxh3", "none"});
  return word == "sha256" ? BodyHash::sha256 : word == "xxh3" ? BodyHash::xxh3 : BodyHash::none;
}

}  // namespace

void define_output(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "What to write");
  group.value(
      "-o,--output", "FILE", "write to FILE (standard output)",
      [&a](const std::string& word) { a.output = not_empty("--output", word, "the file"); });
  group.value("-P,--output-dir,--directory-prefix,--dir", "DIR",
              "write each body to a file in DIR, and records to DIR/manifest.jsonl",
              [&a](const std::string& word) {
                a.directory = not_empty("--output-dir", word, "the directory");
              });
  group.value("--output-template", "NAME",
              "name those files so: {seq:09}, {host}, {path}, {basename}, {ext} ...",
              [&a](const std::string& word) { a.name_template = file_template(word); });
  group.flag("--keep-partial", "keep bodies of what failed as NAME.part",
             [&a] { a.keep_partial = true; });
  group.flag("--skip-existing", "do not fetch what has a file in DIR from before",
             [&a] { a.skip_existing = true; });
  group.flag("--raw", "write the bodies alone, one after the other", [&a] { a.raw = true; });
  group.flag("--no-body", "write records without bodies", [&a] { a.no_body = true; });
  group.value("--warc", "FILE", "archive what was fetched in FILE (WARC 1.1, gzip) besides",
              [&a](const std::string& word) { a.warc = not_empty("--warc", word, "the archive"); });
  group.value("--warc-size", "SIZE", "go on in another file once one is so large, 0: never (1G)",
              [&a](const std::string& word) { a.warc_size = parse_size("--warc-size", word); });
  group.flag("--include-headers", "put the response headers into the records",
             [&a] { a.include_headers = true; });
  group.value("--hash", "KIND", "record a hash of each body: sha256, xxh3, none (none)",
              [&a](const std::string& word) { a.fetch.hash = hash_kind(word); });
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
