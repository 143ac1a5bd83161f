// Names for body files. Pure: nothing here looks at a disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fetchpool/fetch.h"

namespace fetchpool::output {

// The suffix that says what a body is, "html", from its Content-Type, else from the end of the path
// of its URL where that is one of at most 8 letters and digits; empty: neither says it.
std::string extension_of(std::string_view content_type, std::string_view url);

// The folder of the body with this number, 10,000 to each: "bodies/00004".
std::string shard_of(std::uint64_t seq);
// The name of a body in its folder: "000041234.html". Nothing in it comes from a server but the
// suffix, which is one of a table or made of letters and digits.
std::string default_name(const FetchResult& result);

// A relative path that is fit to be made: whatever `wanted` holds, it names something beneath its
// directory. Folders that are empty, "." or ".." are left out; control characters, backslashes and
// bytes that are not UTF-8 become "_", and so does a dot at the beginning of a name; a name is cut
// to 200 bytes, its suffix kept. Empty: nothing usable was left.
std::string safe_path(std::string_view wanted);

// Throws Error naming the variable where the template has one that there is not.
void check_template(std::string_view name_template);
// What a template gives for a result, as safe_path(). Variables: {seq} and {seq:09} (padded),
// {shard}, {host}, {path} (of the URL, without its first slash), {basename} (its last part, "index"
// where it ends with a slash), {ext} (with its dot; empty where unknown), {status}; {{ and }} are
// braces. Empty as well where that has more than 1024 bytes or more than 64 folders.
std::string expand_template(std::string_view name_template, const FetchResult& result);

// The path that the body of a result is to have: FetchResult::out where that says something, else
// by the template, else (empty, or nothing usable came of it) its shard and default_name().
std::string wanted_path(std::string_view name_template, const FetchResult& result);
// What wanted_path() can be before the response is there, whatever its type will be.
std::vector<std::string> possible_paths(std::string_view name_template, const FetchResult& request);
// Whether a template asks for what only a response can tell and possible_paths() cannot guess.
bool needs_response(std::string_view name_template);

// `path` with "-NUMBER" before its suffix: the name for a body whose own is taken.
std::string numbered(std::string_view path, std::uint64_t number);

}  // namespace fetchpool::output
