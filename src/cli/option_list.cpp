#include "cli/option_list.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string_view>

#include "cli/arguments.h"
#include "cli/header_option.h"
#include "cli/quantities.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

using Words = std::vector<std::string>;

// Puts options into the groups of --help.
class OptionGroup {
 public:
  OptionGroup(CLI::App& app, std::string name) : app_(app), name_(std::move(name)) {}

  // One value; given again, the last one counts.
  void value(const std::string& names, const std::string& value_name, const std::string& text,
             std::function<void(const std::string&)> set) {
    CLI::callback_t callback = [set = std::move(set)](const Words& words) {
      set(words.back());
      return true;
    };
    app_.add_option(names, std::move(callback), text)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->type_name(value_name)
        ->group(name_);
  }

  // One value each time it is given.
  void values(const std::string& names, const std::string& value_name, const std::string& text,
              std::function<void(const Words&)> set) {
    CLI::callback_t callback = [set = std::move(set)](const Words& words) {
      set(words);
      return true;
    };
    app_.add_option(names, std::move(callback), text)
        ->expected(-1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name(value_name)
        ->group(name_);
  }

  void flag(const std::string& names, const std::string& text, std::function<void()> set) {
    std::function<void(std::int64_t)> callback = [set = std::move(set)](std::int64_t count) {
      for (; count > 0; --count) set();
    };
    app_.add_flag_function(names, std::move(callback), text)->disable_flag_override()->group(name_);
  }

  // "--name,!--no-name"; given again, the last one counts.
  void choice(const std::string& names, const std::string& text, bool& chosen) {
    app_.add_flag(names, chosen, text)
        ->disable_flag_override()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->group(name_);
  }

 private:
  CLI::App& app_;
  std::string name_;
};

std::string one_of(std::string_view option, const std::string& value, const Words& allowed) {
  for (const std::string& word : allowed)
    if (word == value) return value;
  throw UsageError(fmt::format("{}: \"{}\" is not one of {}", option, safe_text(value, 60),
                               fmt::join(allowed, ", ")));
}

std::string not_empty(std::string_view option, const std::string& value, std::string_view what) {
  if (value.empty()) throw UsageError(fmt::format("{}: the name of {} is empty", option, what));
  return value;
}

ProgressMode progress_mode(const std::string& value) {
  one_of("--progress", value, {"auto", "plain", "none"});
  return value == "auto"    ? ProgressMode::automatic
         : value == "plain" ? ProgressMode::plain
                            : ProgressMode::none;
}

void define_input(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "What to fetch");
  group.values("-i,--input-file", "FILE", "fetch the URLs in FILE, one a line (-: standard input)",
               [&a](const Words& words) {
                 for (const auto& word : words)
                   a.input_files.push_back(not_empty("--input-file", word, "the list"));
               });
  group.value("--base", "URL", "resolve lines without a scheme against URL",
              [&a](const std::string& word) { a.base = not_empty("--base", word, "the base"); });
  group.value("--default-scheme", "SCHEME", "put http or https before lines without a scheme",
              [&a](const std::string& word) {
                a.default_scheme = one_of("--default-scheme", word, {"http", "https"});
              });
}

void define_output(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "What to write");
  group.value(
      "-o,--output", "FILE", "write to FILE (standard output)",
      [&a](const std::string& word) { a.output = not_empty("--output", word, "the file"); });
  group.flag("--raw", "write the bodies alone, one after the other", [&a] { a.raw = true; });
  group.flag("--no-body", "write records without bodies", [&a] { a.no_body = true; });
  group.flag("--include-headers", "put the response headers into the records",
             [&a] { a.include_headers = true; });
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

void define_parallel(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "How much at once");
  group.value("-p,--processes", "N", "worker processes (one for each usable CPU)",
              [&a](const std::string& word) {
                a.fetch.processes = parse_count("--processes", word, 1, 1024);
              });
  group.value("-j,--concurrency,--max-concurrent-downloads,--parallel-max", "N",
              "transfers at once, in all (128)", [&a](const std::string& word) {
                a.fetch.concurrency = parse_count("--concurrency", word, 1, 65536);
              });
  group.value("--per-host,--parallel-max-host", "N",
              "transfers at once to one host, 0: any number (6)", [&a](const std::string& word) {
                a.fetch.per_host = parse_count("--per-host", word, 0, 65536);
              });
}

void define_retry(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Trying again");
  group.value(
      "--retry", "N", "attempts after a failed first one (2)",
      [&a](const std::string& word) { a.fetch.retries = parse_count("--retry", word, 0, 1000); });
  group.flag("--retry-connrefused", "also where the connection was refused",
             [&a] { a.fetch.retry_connrefused = true; });
}

void define_limits(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Limits for each URL");
  group.value("--connect-timeout", "TIME", "to connect, with name look-up and TLS (10s)",
              [&a](const std::string& word) {
                a.fetch.connect_timeout = parse_duration("--connect-timeout", word);
              });
  group.value(
      "-m,--max-time", "TIME", "for one attempt with all its redirects (60s)",
      [&a](const std::string& word) { a.fetch.max_time = parse_duration("--max-time", word); });
  group.value("--max-filesize", "SIZE", "for the body, sent or unpacked, 0: no limit (64M)",
              [&a](const std::string& word) {
                a.fetch.max_body_bytes = parse_size("--max-filesize", word);
              });
  group.value("--max-redirs", "N", "redirects to follow (20)", [&a](const std::string& word) {
    a.fetch.max_redirects = parse_count("--max-redirs", word, 0, 1000);
  });
}

void set_user_agent(Arguments& a, const std::string& word) {
  if (word.find_first_of("\r\n") != std::string::npos)
    throw UsageError("--user-agent: line ends are not allowed in a header");
  a.fetch.user_agent = word;
}

void define_request(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "The requests");
  group.values("-H,--header", "LINE", "\"Name: value\" adds a header, \"Name:\" removes it",
               [&a](const Words& words) {
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

void define_messages(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Messages");
  group.flag("-q,--quiet", "errors only: no progress, no summary", [&a] { a.quiet = true; });
  group.flag("-v,--verbose", "say more: a line for each URL that failed, -vv: for each URL",
             [&a] { ++a.verbosity; });
  group.value("--progress", "MODE", "auto, plain (a line now and then) or none (auto)",
              [&a](const std::string& word) { a.progress = progress_mode(word); });
  group.flag("--exit-zero", "exit with 0 even where URLs failed", [&a] { a.exit_zero = true; });
  group.flag("-V,--version", "print the version",
             [&a] { a.action = Arguments::Action::show_version; });
  group.flag("-h,--help", "print this text", [&a] { a.action = Arguments::Action::show_help; });
}

}  // namespace

void define_options(CLI::App& app, Arguments& arguments) {
  app.set_help_flag();
  app.allow_extras();
  define_input(app, arguments);
  define_output(app, arguments);
  define_parallel(app, arguments);
  define_retry(app, arguments);
  define_limits(app, arguments);
  define_request(app, arguments);
  define_messages(app, arguments);
}

std::vector<std::string> option_names(const CLI::App& app) {
  Words names;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace fetchpool::cli
