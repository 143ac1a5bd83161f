// Writing to a peer that may be gone, in a program that is not ours to stop.
#pragma once

#include <csignal>

namespace fetchpool {

// While one lives, a write of this thread to a closed pipe or socket fails with EPIPE and leaves
// no SIGPIPE behind, whatever the program does with that signal. Of use where MSG_NOSIGNAL is not
// possible; costs three system calls. Must end on the thread it began on.
class SigpipeGuard {
 public:
  SigpipeGuard();
  ~SigpipeGuard();
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace fetchpool
