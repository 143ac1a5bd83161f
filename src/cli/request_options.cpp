#include <spdlog/fmt/fmt.h>

#include <string>

#include "cli/arguments.h"
#include "cli/header_option.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

void set_user_agent(Arguments& a, const std::string& word) {
  if (word.find_first_of("\r\n") != std::string::npos)
    throw UsageError("--user-agent: line ends are not allowed in a header");
  a.fetch.user_agent = word;
}

}  // namespace

void define_request(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "The requests");
  group.values("-H,--header", "LINE", "\"Name: value\" adds a header, \"Name:\" removes it",
               [&a](const OptionGroup::Words& words) {
                 for (const auto& word : words) a.fetch.headers.push_back(parse_header(word));
               });
  group.value("-A,--user-agent", "TEXT",
              fmt::format("name of the client (fetchpool/{})", version()),
              [&a](const std::string& word) { set_user_agent(a, word); });
  group.choice("--compressed,!--no-compressed",
               "ask for compressed bodies and unpack them (yes; --no-compressed)",
               a.fetch.compressed);
  group.flag("-k,--insecure", "accept any TLS certificate", [&a] { a.fetch.insecure = true; });
  group.value(
      "--cacert", "FILE", "trust the certificates in FILE (those of the system)",
      [&a](const std::string& word) { a.fetch.ca_file = not_empty("--cacert", word, "the file"); });
}

}  // namespace fetchpool::cli
