// Lists of response codes on the command line.
#pragma once

#include <string_view>
#include <vector>

#include "fetchpool/fetch_options.h"

namespace fetchpool::cli {

// "404", "500-599" and "5xx", separated by commas. Throws UsageError, which names the option.
std::vector<StatusRange> parse_status_list(std::string_view option, std::string_view text);

}  // namespace fetchpool::cli
