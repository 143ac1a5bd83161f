#include "cli/exit_code.h"

#include <algorithm>

namespace fetchpool::cli {

void ExitCode::add(Outcome outcome, int response_code) {
  add(exit_code(outcome, response_code));
}

void ExitCode::add(int code) {
  if (code == kExitOk) return;
  if (code == kExitLimit)
    cancelled_ = true;
  else
    lowest_ = lowest_ == kExitOk ? code : std::min(lowest_, code);
}

void ExitCode::fail(int code) {
  if (failure_ == kExitOk) failure_ = code;
}

int ExitCode::code(bool exit_zero) const {
  if (failure_ != kExitOk) return failure_;
  if (signal_ != 0) return 128 + signal_;
  if (cancelled_) return kExitLimit;
  return exit_zero ? kExitOk : lowest_;
}

}  // namespace fetchpool::cli
