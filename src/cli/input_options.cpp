#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"

namespace fetchpool::cli {
namespace {

InputFormat input_format(const std::string& word) {
  one_of("--input-format", word, {"auto", "lines", "tsv", "json"});
  return word == "auto"    ? InputFormat::automatic
         : word == "lines" ? InputFormat::lines
         : word == "tsv"   ? InputFormat::tsv
                           : InputFormat::json;
}

}  // namespace

void define_input(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "What to fetch");
  group.values("-i,--input-file", "FILE", "fetch the URLs in FILE, one a line (-: standard input)",
               [&a](const OptionGroup::Words& words) {
                 for (const auto& word : words)
                   a.input_files.push_back(not_empty("--input-file", word, "the list"));
               });
  group.values("--url", "URL", "fetch URL; @FILE is a list", [&a](const OptionGroup::Words& words) {
    for (const auto& word : words)
      if (word.starts_with('@'))
        a.input_files.push_back(not_empty("--url", word.substr(1), "the list"));
      else
        a.urls.push_back(word);
  });
  group.value("--base", "URL", "resolve lines without a scheme against URL",
              [&a](const std::string& word) { a.base = not_empty("--base", word, "the base"); });
  group.value("--default-scheme", "SCHEME", "put http or https before lines without a scheme",
              [&a](const std::string& word) {
                a.default_scheme = one_of("--default-scheme", word, {"http", "https"});
              });
  group.value("--input-format", "FORMAT", "auto, lines, tsv (URL, tab, id) or json (auto)",
              [&a](const std::string& word) { a.input_format = input_format(word); });
  group.flag("--dedupe", "fetch each URL once; the others end as duplicate",
             [&a] { a.dedupe = true; });
  group.value("--shard", "K/N", "only part K of N of the list, for N machines",
              [&a](const std::string& word) {
                bool by_host = a.shard.by_host;
                a.shard = parse_shard(word);
                a.shard.by_host = by_host;
              });
  group.value("--shard-by", "WHAT", "line, or host: a host's URLs stay together (line)",
              [&a](const std::string& word) {
                a.shard.by_host = one_of("--shard-by", word, {"line", "host"}) == "host";
              });
  group.flag("--dry-run", "print what would be fetched, and fetch nothing",
             [&a] { a.dry_run = true; });
}

}  // namespace fetchpool::cli
