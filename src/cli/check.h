// fetchpool check: whether files that were written are still what they were.
#pragma once

#include <span>

namespace fetchpool::cli {

// Whether the first argument asks for it: a URL has no such name.
bool asks_for_check(std::span<const char* const> arguments);

// Checks what is named behind it, each by its kind: a directory of -P, an archive of --warc, else a
// list of records. Says what is wrong and where, and returns the exit status: 3 where something is.
// Throws UsageError where nothing is named.
int check(std::span<const char* const> arguments);

}  // namespace fetchpool::cli
