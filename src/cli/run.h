// The program: from arguments to an exit status.
#pragma once

#include "cli/arguments.h"

namespace fetchpool::cli {

// Fetches what `arguments` say and returns the exit status. Says on standard error what the person
// at the terminal should know. Must be called while the process has one thread. Throws UsageError
// where there is nothing to fetch or a file that was named cannot be read.
int run(const Arguments& arguments);

}  // namespace fetchpool::cli
