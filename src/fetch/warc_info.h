// The record that a WARC file begins with.
#pragma once

#include <string_view>

#include "fetchpool/bytes.h"

namespace fetchpool::archive {

// A warcinfo record as a gzip member, dated now.
Bytes info_member(std::string_view file_name, std::string_view software,
                  std::string_view user_agent);

}  // namespace fetchpool::archive
