#include "fetchpool/exit_status.h"

#include <sys/wait.h>

#include <cstring>

namespace fetchpool {

ExitStatus ExitStatus::from_wait_status(int status) {
  if (WIFEXITED(status)) return exited(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return signaled(WTERMSIG(status));
  return {};
}

std::string ExitStatus::text() const {
  switch (kind_) {
    case Kind::exited:
      return "exited with " + std::to_string(number_);
    case Kind::signaled: {
      const char* name = sigabbrev_np(number_);
      return "killed by " +
             (name ? "SIG" + std::string(name) : "signal " + std::to_string(number_));
    }
    case Kind::unknown:
      break;
  }
  return "ended unseen";
}

}  // namespace fetchpool
