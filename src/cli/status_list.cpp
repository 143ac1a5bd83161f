#include "cli/status_list.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

std::optional<int> code(std::string_view text) {
  bool plain =
      text.size() == 3 && text[0] != '0' && std::all_of(text.begin(), text.end(), is_digit);
  if (!plain) return std::nullopt;
  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

std::optional<StatusRange> range(std::string_view text) {
  if (text.size() == 3 && is_digit(text[0]) && text[0] != '0' && text.substr(1) == "xx") {
    int first = (text[0] - '0') * 100;
    return StatusRange{first, first + 99};
  }
  auto dash = text.find('-');
  auto first = code(text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : code(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return StatusRange{*first, *last};
}

}  // namespace

std::vector<StatusRange> parse_status_list(std::string_view option, std::string_view text) {
  std::vector<StatusRange> list;
  for (std::string_view rest = text;;) {
    auto comma = rest.find(',');
    auto next = range(rest.substr(0, comma));
    if (!next)
      throw UsageError(
          fmt::format("{}: \"{}\" is not a list of response codes, as in 404,429 or 500-599 or 5xx",
                      option, safe_text(text, 60)));
    list.push_back(*next);
    if (comma == std::string_view::npos) return list;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace fetchpool::cli
