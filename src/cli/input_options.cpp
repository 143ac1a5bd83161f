#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"

namespace fetchpool::cli {

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
}

}  // namespace fetchpool::cli
