// The fork and exec behind Command.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "support/command.h"

namespace fetchpool::test {

// A child and the test's ends of its descriptors; those that were not asked for are not open.
struct StartedChild {
  pid_t pid = -1;
  UniqueFd input;
  UniqueFd output;
  UniqueFd error;
  UniqueFd terminal;
};

// Throws CommandError where the program cannot be executed.
StartedChild start_child(const CommandSettings& settings);

}  // namespace fetchpool::test
