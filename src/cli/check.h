// fetchpool check: whether files that were written are still what they were.
#pragma once

#include <span>

namespace fetchpool::cli {

// Whether the first argument asks for it: a URL has no such name.
bool asks_for_check(std::span<const char* const> arguments);

// Checks the archives that are named behind it, says what is wrong with each and where, and returns
// the exit status: 3 where something is. Throws UsageError where nothing is named.
int check(std::span<const char* const> arguments);

}  // namespace fetchpool::cli
