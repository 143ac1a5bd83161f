#include "cli/arguments.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <utility>

#include "cli/config_file.h"
#include "cli/header_option.h"
#include "cli/nearest.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"
#include "output/file_name.h"

namespace fetchpool::cli {
namespace {

constexpr std::size_t kShownOfWord = 60;

struct SplitWords {
  std::vector<std::string> options_and_urls;
  std::vector<std::string> urls;  // what follows "--"
};

// CLI11 takes the next argument as the value of "--name="; in curl that is an empty value.
SplitWords split_words(int argc, const char* const* argv) {
  SplitWords words;
  int i = 1;
  for (; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    std::string word = argv[i];
    bool empty_value =
        word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1;
    if (empty_value) word.pop_back();
    words.options_and_urls.push_back(std::move(word));
    if (empty_value) words.options_and_urls.emplace_back();
  }
  for (++i; i < argc; ++i) words.urls.emplace_back(argv[i]);
  return words;
}

[[noreturn]] void refuse_unknown(const CLI::App& app, const std::string& word) {
  std::string name = word.substr(0, word.starts_with("--") ? word.find('=') : 2);
  std::string message = fmt::format("unknown option {}", safe_text(name, kShownOfWord));
  std::string match = nearest(name, option_names(app));
  message += match.empty() ? "; --help lists all options"
                           : fmt::format("; did you mean {}? (--help lists all options)", match);
  throw UsageError(message);
}

// CLI11 says "--name: 1 required TEXT missing" or "name was given a disallowed flag override".
[[noreturn]] void refuse_mismatch(const CLI::ArgumentMismatch& error) {
  std::string what = error.what();
  if (what.ends_with("flag override"))
    throw UsageError("--" + what.substr(0, what.find(' ')) + " takes no value");
  throw UsageError(what.substr(0, what.find(':')) + " needs a value");
}

// The options of configuration files, as they would stand on a command line. `app` is to know them.
std::vector<std::string> config_words(const CLI::App& app, const std::vector<std::string>& files) {
  std::vector<std::string> words;
  std::vector<std::string> known = option_names(app);
  for (const std::string& file : files) {
    for (const ConfigEntry& entry : read_config(file)) {
      std::string where = fmt::format("{}:{}", safe_text(file), entry.line);
      if (entry.name == "--config" || entry.name == "-K")
        throw UsageError(where + ": a configuration cannot name another one");
      if (std::find(known.begin(), known.end(), entry.name) == known.end()) {
        std::string match = nearest(entry.name, known);
        throw UsageError(fmt::format("{}: unknown option {}{}", where,
                                     safe_text(entry.name, kShownOfWord),
                                     match.empty() ? "" : "; did you mean " + match + "?"));
      }
      bool is_long = entry.name.starts_with("--");
      if (entry.has_value && is_long && !entry.value.empty()) {
        words.push_back(entry.name + "=" + entry.value);
      } else {
        words.push_back(entry.name);
        if (entry.has_value) words.push_back(entry.value);
      }
    }
  }
  return words;
}

void parse_words(CLI::App& app, std::vector<std::string> words) {
  std::replace(words.begin(), words.end(), std::string(), kEmptyWord);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(std::move(words));
  } catch (const CLI::ArgumentMismatch& error) {
    refuse_mismatch(error);
  } catch (const CLI::ParseError& error) {
    throw UsageError(safe_text(error.what()));
  }
}

// Of flags that contradict each other the last one counts, too; CLI11 obeys them in the order in
// which they are defined.
void settle_versions(const CLI::App& app, FetchOptions& fetch) {
  for (const CLI::App* group : option_groups(app)) {
    for (const CLI::Option* option : group->parse_order()) {
      std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
      if (name == "http1.1") fetch.http_version = HttpVersion::http1_1;
      if (name == "http2") fetch.http_version = HttpVersion::http2;
      if (name == "ipv4") fetch.ip_version = IpVersion::v4;
      if (name == "ipv6") fetch.ip_version = IpVersion::v6;
    }
  }
}

void check_outputs(const Arguments& arguments) {
  if (!arguments.warc.empty() && arguments.warc == arguments.output)
    throw UsageError("-o and --warc name the same file");
}

void check_directory(const Arguments& arguments) {
  if (arguments.directory.empty()) {
    if (!arguments.name_template.empty() || arguments.keep_partial || arguments.skip_existing)
      throw UsageError(
          "--output-template, --keep-partial and --skip-existing are of use with -P DIR only");
    return;
  }
  if (arguments.skip_existing && output::needs_response(arguments.name_template))
    throw UsageError(
        "--skip-existing: with {status} in --output-template, the name of a body is not known "
        "before it is fetched");
  if (!arguments.output.empty())
    throw UsageError("-o and -P exclude each other: the records are in DIR/manifest.jsonl");
  if (arguments.raw) throw UsageError("--raw and -P exclude each other");
  if (arguments.unordered)
    throw UsageError(
        "--unordered and -P exclude each other: files come as they come, and their "
        "manifest is in the order of the list");
}

void check_fetch_combinations(const FetchOptions& fetch) {
  bool has_proxy = !fetch.proxy.empty();
  if (has_proxy && fetch.proxy_environment)
    throw UsageError("--proxy and --proxy-env exclude each other");
  if (fetch.public_only && (has_proxy || fetch.proxy_environment))
    throw UsageError(
        std::string("--public-only and ") + (has_proxy ? "--proxy" : "--proxy-env") +
        " exclude each other: behind a proxy nobody here sees which addresses are used");
  if (!fetch.user.empty() && !fetch.bearer_token.empty())
    throw UsageError("--user and --oauth2-bearer exclude each other");
  if (fetch.certificate_file.empty() && !fetch.key_file.empty())
    throw UsageError("--key is of use with --cert FILE only");
  if (fetch.random_wait && fetch.wait_per_host.count() == 0)
    throw UsageError("--random-wait is of use with --wait TIME only");
}

void check_retry_failed(const Arguments& arguments) {
  if (!arguments.retry_failed) return;
  if (!arguments.go_on) throw UsageError("--retry-failed is of use with -c only");
  if (arguments.raw)
    throw UsageError(
        "--retry-failed and --raw exclude each other: bodies alone do not say what failed");
  if (arguments.unordered)
    throw UsageError(
        "--retry-failed and --unordered exclude each other: records are replaced in their places");
}

void check_combinations(const Arguments& arguments) {
  if (arguments.raw && arguments.no_body)
    throw UsageError("--raw and --no-body exclude each other: nothing would be written");
  if (!arguments.base.empty() && !arguments.default_scheme.empty())
    throw UsageError(
        "--base and --default-scheme exclude each other: a line without a scheme is either "
        "relative to the base or begins with a host name");
  check_outputs(arguments);
  check_directory(arguments);
  bool to_stdout = arguments.output.empty() || arguments.output == "-";
  if (arguments.go_on && arguments.directory.empty() && to_stdout)
    throw UsageError(
        "--continue needs -o FILE or -P DIR: what was written to standard output cannot be taken "
        "up again");
  if (arguments.force && !arguments.go_on) throw UsageError("--force is of use with -c only");
  check_retry_failed(arguments);
  const FetchOptions& fetch = arguments.fetch;
  if (fetch.method == "HEAD" && !arguments.data_option.empty())
    throw UsageError("--head and " + arguments.data_option +
                     " exclude each other: a HEAD request has no body");
  check_fetch_combinations(fetch);
  check_option("options", fetch);
  for (const OutsideValue& value : arguments.outside_values) {
    bool takes_input = value.is_outside && value.text == "-";
    bool list_takes_it =
        std::count(arguments.input_files.begin(), arguments.input_files.end(), "-") ||
        (arguments.urls.empty() && arguments.input_files.empty());
    if (takes_input && list_takes_it)
      throw UsageError(value.option + ": standard input is the list; put the value into a file");
  }
  const auto& urls = arguments.urls;
  if (std::find(urls.begin(), urls.end(), "-") != urls.end())
    throw UsageError("\"-\" is not a URL; -i - reads the list from standard input");
}

bool has_header(const FetchOptions& options, std::string_view lower_name) {
  return std::any_of(options.headers.begin(), options.headers.end(), [&](const HeaderLine& header) {
    return std::equal(
        header.first.begin(), header.first.end(), lower_name.begin(), lower_name.end(),
        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
  });
}

// --json is curl's shorthand for two headers, too.
void add_json_headers(FetchOptions& options) {
  if (!has_header(options, "content-type"))
    options.headers.emplace_back("Content-Type", "application/json");
  if (!has_header(options, "accept")) options.headers.emplace_back("Accept", "application/json");
}

void derive(Arguments& arguments) {
  if (arguments.data_option == "--json") add_json_headers(arguments.fetch);
  if (arguments.output == "-") arguments.output.clear();
  FetchOptions& fetch = arguments.fetch;
  bool as_it_is = arguments.raw || !arguments.directory.empty();
  fetch.body = arguments.no_body ? BodyForm::none : as_it_is ? BodyForm::raw : BodyForm::json_text;
  fetch.response_headers = arguments.include_headers;
  fetch.warc = !arguments.warc.empty();
}

}  // namespace

Arguments parse_arguments(int argc, const char* const* argv) {
  SplitWords words = split_words(argc, argv);
  Arguments arguments;
  CLI::App app;
  define_options(app, arguments);
  parse_words(app, words.options_and_urls);
  if (!arguments.config_files.empty()) {
    // Once more, with what the files say before the command line, which so has the last word.
    std::vector<std::string> all = config_words(app, arguments.config_files);
    std::move(words.options_and_urls.begin(), words.options_and_urls.end(),
              std::back_inserter(all));
    arguments = Arguments{};
    parse_words(app, std::move(all));
  }
  if (arguments.action != Arguments::Action::fetch) return arguments;
  settle_versions(app, arguments.fetch);
  // URLs are not an option to CLI11, which would take "[a,b]" apart.
  for (const std::string& word : app.remaining()) {
    if (word.size() > 1 && word[0] == '-') refuse_unknown(app, word);
    arguments.urls.push_back(word == kEmptyWord ? std::string() : word);
  }
  std::move(words.urls.begin(), words.urls.end(), std::back_inserter(arguments.urls));
  check_combinations(arguments);
  derive(arguments);
  return arguments;
}

}  // namespace fetchpool::cli
