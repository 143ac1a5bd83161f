// What options may be, and what this machine lets them be.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fetchpool/fetch.h"

namespace fetchpool::engine {

// A body is sent by a worker in parts of at most this many encoded bytes.
inline constexpr std::size_t kLongestPart = std::size_t{256} << 10;

// The options as they will be used. Throws Error where one makes no sense; lowers the concurrency,
// with a warning, where the limit of open files is too low for it, and then the workers, too.
// `processes` is their number, never 0.
FetchOptions checked(FetchOptions options, int workers, std::vector<std::string>& warnings);

// How many workers one process can have with `open_files` descriptors; at least 1.
int workers_for(unsigned long long open_files);

// How many transfers one process can run at once with `open_files` descriptors; at least 1.
int transfers_for(unsigned long long open_files);

}  // namespace fetchpool::engine
