// The syntax of URL references (RFC 3986), before anything is known about their meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fetchpool::engine {

// A reference in its parts, all of them views into the text. The fragment is left out.
struct UrlParts {
  std::optional<std::string_view> scheme;     // without ':'
  std::optional<std::string_view> authority;  // without "//"
  std::string_view path;
  std::optional<std::string_view> query;  // without '?'
};
UrlParts split_reference(std::string_view text);

// An authority in its parts. An IPv6 host keeps its brackets.
struct Authority {
  std::optional<std::string_view> userinfo;
  std::string_view host;
  std::string_view port;  // without ':', empty where none
};
Authority split_authority(std::string_view authority);

// The path without "." and ".." segments, also where they are written as %2e; empty segments stay.
// The result begins with '/'. RFC 3986 section 5.2.4.
std::string without_dot_segments(std::string_view path);
// Whether that would change nothing; may be false all the same.
bool is_free_of_dot_segments(std::string_view path);

// Appends `text` with its blanks, backslashes and bytes beyond ASCII percent-encoded. Backslashes
// because newer versions of libcurl refuse them and browsers make slashes of them.
void append_encoded(std::string& out, std::string_view text);

// Each valid %xx replaced by its byte.
std::string percent_decoded(std::string_view text);

// Of what names of schemes are made behind their first letter. RFC 3986 section 3.1.
bool is_scheme_character(char c);

}  // namespace fetchpool::engine
