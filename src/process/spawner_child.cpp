#include "process/spawner_child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "process/spawner_messages.h"

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

SpawnerChild::SpawnerChild(UniqueFd control, pid_t pid)
    : control_(std::move(control)), process_(posix::open_process(pid)), pid_(pid) {}

SpawnerChild SpawnerChild::expected(UniqueFd control, TimePoint deadline) {
  SpawnerChild child;
  child.control_ = std::move(control);
  child.expected_until_ = deadline;
  return child;
}

SpawnerChild::SpawnerChild(SpawnerChild&& other) noexcept
    : control_(std::move(other.control_)),
      process_(std::move(other.process_)),
      pid_(std::exchange(other.pid_, 0)),
      expected_until_(std::exchange(other.expected_until_, std::nullopt)) {}

SpawnerChild& SpawnerChild::operator=(SpawnerChild&& other) noexcept {
  if (this == &other) return *this;
  end();
  control_ = std::move(other.control_);
  process_ = std::move(other.process_);
  pid_ = std::exchange(other.pid_, 0);
  expected_until_ = std::exchange(other.expected_until_, std::nullopt);
  return *this;
}

// Reads who it is, and waits for that until then.
void SpawnerChild::meet(TimePoint until) {
  while (expected_until_) {
    SpawnerReply hello{};
    ReceivedFds fds;
    Received received = receive_message(control_.get(), hello, &fds);
    if (received == Received::message || received == Received::without_descriptors) {
      // A descriptor of it, because by now its number may be another's.
      process_ = std::move(fds[0]);
      pid_ = hello.pid;
      expected_until_.reset();
      return;
    }
    TimePoint now = Clock::now();
    if (received != Received::nothing || now >= *expected_until_) return disown();
    if (now >= until) return;
    struct pollfd readable {
      control_.get(), POLLIN, 0
    };
    posix::poll_for(&readable, 1, std::min(until, *expected_until_) - now);
  }
}

pid_t SpawnerChild::pid() {
  meet(TimePoint::max());
  return pid_;
}

bool SpawnerChild::is_alive() {
  meet(TimePoint::min());
  if (expected_until_) return true;
  if (pid_ == 0) return false;
  if (process_.is_open()) return !posix::is_readable(process_.get());
  siginfo_t info{};
  return wait_for(pid_, process_, info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
         info.si_pid == 0;
}

bool SpawnerChild::has_come() {
  meet(TimePoint::min());
  return pid_ != 0;
}

UniqueFd SpawnerChild::watch() {
  meet(TimePoint::max());
  return process_.is_open() ? posix::duplicate(process_.get()) : UniqueFd();
}

void SpawnerChild::kill() {
  if (pid() == 0) return;
  bool killed = process_.is_open() &&
                syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0) == 0;
  // There may be the one call and not the other (in valgrind 3.24, behind a seccomp filter).
  if (!killed && is_alive()) ::kill(pid_, SIGKILL);
}

void SpawnerChild::end() {
  kill();
  if (pid_ == 0) return;
  // A host that waits for every child may have been faster; then there is nothing to reap.
  siginfo_t info{};
  wait_for(pid_, process_, info, WEXITED | __WALL);
  disown();
}

void SpawnerChild::disown() {
  pid_ = 0;
  expected_until_.reset();
  control_.reset();
  process_.reset();
}

}  // namespace fetchpool::process
