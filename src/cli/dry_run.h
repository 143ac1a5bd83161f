// What would be fetched.
#pragma once

#include "cli/arguments.h"

namespace fetchpool::cli {

// Writes to standard output each URL that a run would request first, and its id after a tab where
// it has one; names on standard error what would fail before any request. Returns the exit status.
int dry_run(const Arguments& arguments);

}  // namespace fetchpool::cli
