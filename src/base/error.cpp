#include "fetchpool/error.h"

#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace fetchpool {
namespace {

std::string reason(int error_number) {
  std::string text = std::generic_category().message(error_number);
  struct rlimit limit {};
  if (error_number == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
    text += " (this process may have " + std::to_string(limit.rlim_cur) +
            "; \"ulimit -n\" allows more)";
  return text;
}

}  // namespace

SystemError::SystemError(const std::string& what, int error_number)
    : Error(what + ": " + reason(error_number)), error_number_(error_number) {}

}  // namespace fetchpool
