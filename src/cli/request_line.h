// Lines of a list that say more than a URL.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "fetchpool/fetch_request.h"

namespace fetchpool::cli {

enum class InputFormat {
  automatic,  // json where a line begins with {, tsv where it has a tab, else lines
  lines,      // the line is the URL
  tsv,        // URL, tab, id
  json,       // an object: url, and as wanted id, out, method, headers, body, max_time
};

// A line that cannot be understood. `shown` is what a record may repeat of it: no header or body.
struct LineError {
  std::string shown;
  std::string reason;
};

// Whether the line is more than a URL in that format.
bool is_structured(std::string_view line, InputFormat format);

// Reads such a line. In JSON, `id` is a text or a whole number, `headers` an object of texts or a
// list of pairs of texts, `max_time` a number of seconds or a text like "500ms"; any other member
// is an error, so that a misspelt one does not go unnoticed.
std::variant<FetchRequest, LineError> read_request_line(std::string_view line, InputFormat format);

}  // namespace fetchpool::cli
