#include "cli/header_option.h"

#include <spdlog/fmt/fmt.h>

#include <string>

#include "base/ascii.h"
#include "cli/usage_error.h"
#include "fetch/request_rules.h"

namespace fetchpool::cli {

HeaderLine parse_header(std::string_view text) {
  using std::string_view_literals::operator""sv;
  if (text.find_first_of("\r\n\0"sv) != std::string_view::npos)
    throw UsageError("--header: line ends and NUL bytes are not allowed in a header");
  std::size_t separator = text.find_first_of(":;");
  std::string_view name = text.substr(0, separator);
  if (separator == std::string_view::npos || !engine::is_token(name))
    throw UsageError(
        "--header: a header looks like \"Name: value\", \"Name;\" (sent empty) or \"Name:\" "
        "(removed)");
  std::string_view value = trimmed(text.substr(separator + 1));
  if (text[separator] == ':') return {std::string(name), std::string(value)};
  if (!value.empty())
    throw UsageError(
        fmt::format("--header: nothing may follow \"{};\"; use \"{}: value\"", name, name));
  return {std::string(name) + ';', ""};
}

}  // namespace fetchpool::cli
