// Outputs that would destroy what is read.
#pragma once

#include "cli/arguments.h"

namespace fetchpool::cli {

// Throws UsageError where a regular file that is to be written is also a list, a configuration or
// the file of an option's value, whatever names lead to it. Looks, and opens nothing.
void refuse_overwritten_inputs(const Arguments& arguments);

}  // namespace fetchpool::cli
