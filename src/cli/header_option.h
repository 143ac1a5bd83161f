// The value of --header, as curl has it.
#pragma once

#include <string_view>

#include "fetchpool/fetch.h"

namespace fetchpool::cli {

// "Name: value" adds the header or replaces its default; "Name:" removes it (an empty value, as in
// FetchOptions::headers); "Name;" sends it without a value (the name keeps its ';').
// Throws UsageError; its text never repeats the value, which may be a secret.
HeaderLine parse_header(std::string_view text);

}  // namespace fetchpool::cli
