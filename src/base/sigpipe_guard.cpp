#include "base/sigpipe_guard.h"

#include <pthread.h>

#include <cerrno>
#include <ctime>

namespace fetchpool {
namespace {

bool is_pending() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

sigset_t only_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

SigpipeGuard::SigpipeGuard() {
  sigset_t pipe = only_sigpipe();
  pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  // One that is pending now is the program's own. It can only be where it was blocked before.
  was_pending_ = sigismember(&before_, SIGPIPE) == 1 && is_pending();
}

SigpipeGuard::~SigpipeGuard() {
  sigset_t pipe = only_sigpipe();
  struct timespec at_once {};
  while (!was_pending_ && sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace fetchpool
