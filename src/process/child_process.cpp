#include "process/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <optional>

#include "base/posix.h"

namespace fetchpool::process {
namespace {

void do_nothing(int) {}

void set_disposition(int signal, void (*disposition)(int)) {
  struct sigaction action {};
  action.sa_handler = disposition;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

std::vector<int> open_among(const ReceivedFds& fds) {
  std::vector<int> open;
  for (const UniqueFd& fd : fds)
    if (fd.is_open()) open.push_back(fd.get());
  return open;
}

void take_worker_descriptors(const SpawnerRequest& start, const ReceivedFds& fds,
                             const std::vector<int>& host_fds) {
  std::vector<int> keep = open_among(fds);
  if (start.inherits_descriptors)
    keep.insert(keep.end(), host_fds.begin(), host_fds.end());
  else
    replace_by_null(STDOUT_FILENO);
  replace_by_null(STDIN_FILENO);
  keep_only(std::move(keep));
}

// The first frame; nothing when the parent closed the channel before it sent one.
std::optional<std::string> read_setup(ipc::Channel& channel) {
  for (;;) {
    if (auto frame = channel.next()) return frame->payload.str();
    if (channel.receive() == 0 && channel.at_end()) return std::nullopt;
  }
}

int call(WorkerFunction function, WorkerLink& link) {
  auto report = [&link](const char* reason) {
    if (!link.is_ready()) link.failed(reason);
    return 1;
  };
  try {
    return function(link);
  } catch (const std::exception& error) {
    return report(error.what());
  } catch (...) {
    return report("an exception of unknown type");
  }
}

[[noreturn]] void leave(int code) {
  // What tasks printed. Nothing else of a normal exit may run: it belongs to the host.
  std::cout.flush();
  std::fflush(stdout);
  _exit(code);
}

// Null where this process cannot have it: its answers then go through the channel.
std::shared_ptr<ipc::SharedArena> attach_arena(UniqueFd memory) {
  try {
    auto arena = ipc::SharedArena::attach(std::move(memory));
    arena->close_fd();
    return arena;
  } catch (const SystemError&) {
    return nullptr;
  }
}

ipc::Channel open_channel(const SpawnerRequest& start, ReceivedFds& fds) {
  auto next = std::next(fds.begin(), 2);
  UniqueFd out;
  ipc::Arenas arenas;
  if (start.has_two_descriptors) out = std::move(*next++);
  if (start.has_arena) arenas.out = attach_arena(std::move(*next));
  return ipc::Channel(std::move(fds[1]), std::move(out), start.max_payload, std::move(arenas));
}

// Does not return, so that the channel is open until the very end: a worker that closes it is
// killed at once.
[[noreturn]] void work(const SpawnerRequest& start, ReceivedFds fds) {
  StatusPage status = StatusPage::attach(std::move(fds[0]));
  status.close_fd();
  ipc::Channel channel = open_channel(start, fds);
  std::optional<std::string> setup = read_setup(channel);
  if (!setup) leave(0);
  WorkerLink link(start.index, std::move(*setup), std::move(channel), std::move(status));
  leave(call(start.function, link));
}

}  // namespace

void take_child_signals(const sigset_t& blocked) {
  for (int signal = 1; signal < NSIG; ++signal) set_disposition(signal, SIG_DFL);
  // Not SIG_IGN, which programs started by a task would inherit.
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) set_disposition(signal, do_nothing);
  set_disposition(SIGPIPE, SIG_IGN);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

void keep_only(std::vector<int> fds) {
  std::sort(fds.begin(), fds.end());
  posix::close_all_but(3, fds.data(), fds.size());
}

void replace_by_null(int fd) {
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  dup2(null, fd);
  if (null != fd) ::close(null);
}

void run_worker(const SpawnerRequest& start, ReceivedFds fds, pid_t spawner,
                const std::vector<int>& host_fds) {
  if (start.own_group) setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The spawner may have gone before the line above.
  if (getppid() != spawner) _exit(1);
  prctl(PR_SET_NAME, "fetchpool-work");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  take_worker_descriptors(start, fds, host_fds);
  try {
    work(start, std::move(fds));
  } catch (const std::exception&) {
    // Its channel or status page is unusable: the exit code is all it can say.
    _exit(1);
  }
}

}  // namespace fetchpool::process
