// Header lines on their way between processes.
#pragma once

#include <vector>

#include "base/wire.h"
#include "fetchpool/fetch_options.h"

namespace fetchpool::engine {

void write_header_lines(WireWriter& out, const std::vector<HeaderLine>& headers);
// Appends to `headers`.
void read_header_lines(WireReader& in, std::vector<HeaderLine>& headers);

}  // namespace fetchpool::engine
