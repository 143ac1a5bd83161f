// Where the kernel, a sandbox or valgrind lacks a system call that is used elsewhere.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

#include "process/test_workers.h"
#include "support/catch.h"

namespace fetchpool::process {
namespace {

// From here on the calls fail with ENOSYS in this process and all that it forks (seccomp(2)).
void lose(const std::vector<int>& calls) {
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (int call : calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "a filter of system calls");
}

}  // namespace

TEST_CASE("newer system calls may be missing, each alone and all together", "[host]") {
  const std::vector<std::vector<int>> missing = {
      {SYS_pidfd_send_signal},
      {SYS_pidfd_open},
      {SYS_close_range},
      {SYS_pidfd_send_signal, SYS_pidfd_open, SYS_close_range}};
  for (const std::vector<int>& calls : missing) {
    CAPTURE(calls);
    CHECK(passes_in_child([&] {
      lose(calls);
      {
        Run run(options_for(obedient), Spawner::create());
        run.add_ready(2);
        must(run.ask("echo:hello") == "hello", "an answer");
        pid_t old = run.supervisor().pid(0);
        must(kill(old, SIGKILL) == 0, "a kill");
        run.until_replaced(0, old);
        must(run.ask("echo:again") == "again", "an answer after a death");
      }
      must(children_of(getpid()).empty(), "nobody left");
      return true;
    }));
  }
}

}  // namespace fetchpool::process
