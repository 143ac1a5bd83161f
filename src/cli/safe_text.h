// Text from lists and servers, made fit for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fetchpool::cli {

// `text` with every byte that could steer a terminal or mislead its reader written as \n, \t, \r,
// \xNN or \u{NNNN}: control characters (C0, DEL, C1), bidirectional marks, line and paragraph
// separators, bytes that are not UTF-8. A backslash stays as it is.
std::string printable(std::string_view text);

// `text` with the user name and password of every URL in it replaced by ***.
std::string without_userinfo(std::string_view text);

// Both, and cut to about `max_bytes` with "..." at its end where it is longer.
std::string safe_text(std::string_view text, std::size_t max_bytes = std::string_view::npos);

}  // namespace fetchpool::cli
