#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string>
#include <utility>

#include "cli/arguments.h"
#include "cli/header_option.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/outside_value.h"
#include "cli/usage_error.h"
#include "fetch/request_rules.h"

namespace fetchpool::cli {
namespace {

using Words = OptionGroup::Words;

void set_user_agent(Arguments& a, const std::string& word) {
  if (word.find_first_of("\r\n") != std::string::npos)
    throw UsageError("--user-agent: line ends are not allowed in a header");
  a.fetch.user_agent = word;
}

void set_method(Arguments& a, const std::string& word) {
  FetchOptions probe;
  probe.method = word;
  check_option("--request", probe);
  a.fetch.method = not_empty("--request", word, "the method");
}

void set_user(Arguments& a, const std::string& text) {
  if (text.find(':') == std::string::npos)
    throw UsageError("--user: it looks like NAME:PASSWORD, @FILE or @env:VARIABLE");
  a.fetch.user = text;
  check_option("--user", a.fetch);
}

void set_token(Arguments& a, const std::string& text) {
  a.fetch.bearer_token = not_empty("--oauth2-bearer", text, "the token");
  check_option("--oauth2-bearer", a.fetch);
}

void set_cookie(Arguments& a, const std::string& text) {
  if (text.find('=') == std::string::npos)
    throw UsageError(
        "--cookie: it looks like \"NAME=VALUE; NAME=VALUE\", @FILE or @env:VARIABLE (such text in "
        "the file; cookie files of browsers and curl are not read)");
  a.fetch.cookie = text;
  check_option("--cookie", a.fetch);
}

void add_header(Arguments& a, const std::string& line) {
  a.fetch.headers.push_back(parse_header(line));
}

// Every line of a file is a header.
void add_headers(Arguments& a, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = without_line_end(text.substr(at, end + 1 - at));
    if (!line.empty()) add_header(a, line);
    at = end + 1;
  }
}

void take_headers(Arguments& a, const Words& words) {
  for (const std::string& word : words) {
    if (word.starts_with('@')) {
      take_secret(a, "--header", word, add_headers);
    } else {
      add_header(a, word);
      a.secrets.push_back(a.fetch.headers.back().second);
    }
  }
}

enum class Data { form, binary, json };

void append_data(Arguments& a, Data kind, std::string text) {
  if (kind == Data::form)
    std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  if (!a.fetch.data)
    a.fetch.data = std::move(text);
  else
    *a.fetch.data += (kind == Data::json ? "" : "&") + text;
}

// The pieces are put together in their order, those from files as well.
void take_data(Arguments& a, const std::string& option, Data kind, const Words& words) {
  if (!a.data_option.empty())
    throw UsageError(a.data_option + " and " + option + " exclude each other");
  a.data_option = option;
  for (const std::string& word : words) {
    bool outside = word.starts_with('@') && option != "--data-raw";
    if (!outside) a.secrets.push_back(word);
    // What is written on the command line stays as it is.
    Data how = outside || kind == Data::json ? kind : Data::binary;
    a.outside_values.push_back(
        {option, outside ? word.substr(1) : word, outside,
         [how](Arguments& all, std::string text) { append_data(all, how, std::move(text)); }});
  }
}

void define_data(OptionGroup& group, Arguments& a) {
  struct Row {
    const char* names;
    const char* option;
    Data kind;
    const char* text;
  };
  for (const Row& row :
       {Row{"-d,--data,--data-ascii", "--data", Data::form,
            "POST DATA, or the content of @FILE without line ends"},
        Row{"--data-binary", "--data-binary", Data::binary, "the same with the file as it is"},
        Row{"--data-raw", "--data-raw", Data::binary, "the same, an @ means nothing"},
        Row{"--json", "--json", Data::json, "POST DATA or the content of @FILE as JSON"}})
    group.values(row.names, "DATA", row.text,
                 [&a, row](const Words& words) { take_data(a, row.option, row.kind, words); });
}

}  // namespace

void check_option(const std::string& option, const FetchOptions& options) {
  try {
    engine::check_request_options(options);
  } catch (const Error& error) {
    throw UsageError(option + ": " + error.what());
  }
}

void define_request(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "The requests");
  group.flag("-I,--head", "ask for the headers only (HEAD)", [&a] { a.fetch.method = "HEAD"; });
  group.value("-X,--request", "METHOD", "the method (GET; POST with data)",
              [&a](const std::string& word) { set_method(a, word); });
  define_data(group, a);
  group.values("-H,--header", "LINE",
               "\"Name: value\" adds a header, \"Name:\" removes it, @FILE has many",
               [&a](const Words& words) { take_headers(a, words); });
  group.value("-A,--user-agent", "TEXT",
              fmt::format("name of the client (fetchpool/{})", version()),
              [&a](const std::string& word) { set_user_agent(a, word); });
  group.value("-e,--referer", "URL", "where the links were found", [&a](const std::string& word) {
    a.fetch.referer = word;
    a.secrets.push_back(word);
    check_option("--referer", a.fetch);
  });
  auto secret = [&](const char* names, const char* option, const char* value, const char* text,
                    void (*take)(Arguments&, const std::string&)) {
    group.value(names, value, text, [&a, option, take](const std::string& word) {
      take_secret(a, option, word, [take](Arguments& all, const std::string& found) {
        take(all, without_line_end(found));
      });
    });
  };
  secret("-u,--user", "--user", "USER", "NAME:PASSWORD, or where it stands: @FILE, @env:VARIABLE",
         set_user);
  group.flag("--allow-userinfo", "take the user and password of a URL, as in http://me:pw@host/",
             [&a] { a.fetch.allow_userinfo = true; });
  secret("--oauth2-bearer", "--oauth2-bearer", "TOKEN", "the token, or @FILE, @env:VARIABLE",
         set_token);
  secret("-b,--cookie", "--cookie", "COOKIES", "\"NAME=VALUE; ...\", or @FILE, @env:VARIABLE",
         set_cookie);
  group.choice("--compressed,!--no-compressed",
               "ask for compressed bodies and unpack them (yes; --no-compressed)",
               a.fetch.compressed);
}

}  // namespace fetchpool::cli
