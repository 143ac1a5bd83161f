// Dates in HTTP headers.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace fetchpool::engine {

// Reads the three forms of RFC 9110 section 5.6.7, whatever the locale:
//   Sun, 06 Nov 1994 08:49:37 GMT     Sunday, 06-Nov-94 08:49:37 GMT     Sun Nov  6 08:49:37 1994
// The day of the week is not compared with the date. A year of two digits is taken as the one
// that is at most 50 years after `now`. A leap second counts as the second after it.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                        std::chrono::sys_seconds now);

}  // namespace fetchpool::engine
