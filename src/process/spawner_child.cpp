#include "process/spawner_child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/posix.h"

namespace fetchpool::process {
namespace {

// P_PIDFD, which older headers do not have.
constexpr auto kByProcessFd = static_cast<idtype_t>(3);

int wait_for(pid_t pid, const UniqueFd& process, siginfo_t& info, int options) {
  int result;
  do {
    result = process.is_open()
                 ? waitid(kByProcessFd, static_cast<id_t>(process.get()), &info, options)
                 : waitid(P_PID, static_cast<id_t>(pid), &info, options);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

bool wait_for_hello(int control, std::chrono::milliseconds within, SpawnerReply& hello) {
  TimePoint deadline = Clock::now() + within;
  while (Clock::now() < deadline) {
    switch (receive_message(control, hello)) {
      case Received::message:
        return hello.kind == SpawnerReply::Kind::hello;
      case Received::nothing:
        break;
      default:
        return false;
    }
    struct pollfd readable {
      control, POLLIN, 0
    };
    posix::poll_for(&readable, 1, deadline - Clock::now());
  }
  return false;
}

SpawnerChild::SpawnerChild(UniqueFd control, pid_t pid)
    : control_(std::move(control)), process_(posix::open_process(pid)), pid_(pid) {}

SpawnerChild SpawnerChild::that_says_hello(UniqueFd control, std::chrono::milliseconds within) {
  SpawnerReply hello{};
  if (!wait_for_hello(control.get(), within, hello)) return {};
  return SpawnerChild(std::move(control), hello.pid);
}

SpawnerChild::SpawnerChild(SpawnerChild&& other) noexcept
    : control_(std::move(other.control_)),
      process_(std::move(other.process_)),
      pid_(std::exchange(other.pid_, 0)) {}

SpawnerChild& SpawnerChild::operator=(SpawnerChild&& other) noexcept {
  if (this == &other) return *this;
  end();
  control_ = std::move(other.control_);
  process_ = std::move(other.process_);
  pid_ = std::exchange(other.pid_, 0);
  return *this;
}

bool SpawnerChild::is_alive() const {
  if (pid_ == 0) return false;
  if (process_.is_open()) return !posix::is_readable(process_.get());
  siginfo_t info{};
  return wait_for(pid_, process_, info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
         info.si_pid == 0;
}

UniqueFd SpawnerChild::watch() const {
  return process_.is_open() ? posix::duplicate(process_.get()) : UniqueFd();
}

void SpawnerChild::end() {
  if (pid_ == 0) return;
  bool killed = process_.is_open() &&
                syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0) == 0;
  // There may be the one call and not the other (in valgrind 3.24, behind a seccomp filter).
  if (!killed && is_alive()) ::kill(pid_, SIGKILL);
  // A host that waits for every child may have been faster; then there is nothing to reap.
  siginfo_t info{};
  wait_for(pid_, process_, info, WEXITED | __WALL);
  disown();
}

void SpawnerChild::disown() {
  pid_ = 0;
  control_.reset();
  process_.reset();
}

}  // namespace fetchpool::process
