#include "cli/config_file.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "base/ascii.h"
#include "cli/outside_value.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

constexpr std::string_view kBlanksInLine = " \t\r";

// Reads one line; the message of what it throws begins with `where`.
class LineParser {
 public:
  LineParser(std::string_view line, std::string where)
      : rest_(trimmed(line, kBlanksInLine)), where_(std::move(where)) {}

  bool is_empty() const { return rest_.empty() || rest_[0] == '#'; }

  ConfigEntry parse() {
    if (rest_.find('\0') != std::string_view::npos) fail("a NUL byte is no text");
    ConfigEntry entry;
    std::string_view word = take_until(" \t=:");
    entry.name = option_name(word);
    skip_blanks();
    bool has_separator = !rest_.empty() && (rest_[0] == '=' || rest_[0] == ':');
    if (has_separator) rest_.remove_prefix(1);
    skip_blanks();
    entry.has_value = has_separator || !is_empty();
    if (!entry.has_value) return entry;
    entry.value = rest_.starts_with('"') ? quoted() : std::string(take_until(" \t"));
    skip_blanks();
    if (!is_empty()) fail("a value with blanks must stand in double quotes");
    return entry;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw UsageError(where_ + ": " + what); }

  std::string_view take_until(std::string_view ends) {
    std::string_view word = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(word.size());
    return word;
  }

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanksInLine), rest_.size()));
  }

  std::string option_name(std::string_view word) const {
    if (word.empty()) fail("the name of an option is missing");
    if (word.starts_with('-')) return std::string(word);
    return "--" + std::string(word);
  }

  std::string quoted() {
    std::string value;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return value;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size())
        value += unescaped(rest_[++i]);
      else
        value += rest_[i];
    }
    fail("the closing quotation mark is missing");
  }

  static char unescaped(char c) {
    switch (c) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'v':
        return '\v';
      default:
        return c;
    }
  }

  std::string_view rest_;
  std::string where_;
};

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& name) {
  std::vector<ConfigEntry> entries;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int line = 1; !text.empty(); ++line) {
    std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    LineParser parser(whole, fmt::format("{}:{}", name, line));
    if (parser.is_empty()) continue;
    entries.push_back(parser.parse());
    entries.back().line = line;
  }
  return entries;
}

std::vector<ConfigEntry> read_config(const std::string& path) {
  return parse_config(read_source("--config", path),
                      path == "-" ? "standard input" : safe_text(path));
}

}  // namespace fetchpool::cli
