#include "process/hidden_fork.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/posix.h"
#include "ipc/shared_arena.h"

// ThreadSanitizer must see the fork, and has a thread of its own.
#if defined(__SANITIZE_THREAD__)
#define FETCHPOOL_PLAIN_FORK 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FETCHPOOL_PLAIN_FORK 1
#endif
#endif
#ifndef FETCHPOOL_PLAIN_FORK
#define FETCHPOOL_PLAIN_FORK 0
#endif

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

namespace fetchpool::process {
namespace {

pid_t clone_like_fork(unsigned long flags, int* pidfd) {
  return static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, pidfd, nullptr, 0UL));
}

}  // namespace

bool has_other_threads() {
  constexpr int kOwn = FETCHPOOL_PLAIN_FORK ? 2 : 1;
  // A thread that was joined is still counted for some microseconds.
  for (int look = 0; look < 20; ++look) {
    if (posix::thread_count() <= kOwn) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

pid_t fork_hidden(bool has_threads) {
  // With other threads, locks of the C library must come out of the fork unlocked, which only its
  // own fork() sees to.
  if (FETCHPOOL_PLAIN_FORK || has_threads) return fork();
  ipc::SharedArena::keep_all_held();
  return clone_like_fork(0, nullptr);
}

pid_t fork_hidden_sibling(UniqueFd& process) {
  int pidfd = -1;
  pid_t pid = clone_like_fork(CLONE_PARENT | CLONE_PIDFD, &pidfd);
  if (pid < 0) pid = clone_like_fork(CLONE_PARENT, nullptr);
  if (pid > 0) process.reset(pidfd);
  return pid;
}

}  // namespace fetchpool::process
