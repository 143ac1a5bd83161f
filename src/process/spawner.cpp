#include "process/spawner.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <utility>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "process/hidden_fork.h"
#include "process/spawner_child.h"
#include "process/spawner_messages.h"
#include "process/spawner_process.h"

namespace fetchpool::process {
namespace {

std::atomic<const char*> forbidden_because = nullptr;

// A spare is there within a millisecond; this is for one that was stopped.
constexpr std::chrono::seconds kSpareWithin{5};

void check_threads(const SpawnerOptions& options, bool has_threads) {
  if (options.allow_threads || !has_threads) return;
  throw Error(
      "worker processes cannot be made safely in a program that already has threads; call "
      "fetchpool::prepare() as the first line of main(), before threads are started, or set "
      "allow_threads and accept the risk");
}

void flush_standard_streams() {
  // What lies in the buffers would be written again by every worker that prints.
  std::cout.flush();
  std::fflush(nullptr);
}

SpawnerHost describe_host(const SpawnerOptions& options) {
  SpawnerHost host;
  if (options.keep_descriptors) host.fds = posix::open_descriptors();
  // What belongs to other spawners and their workers must end with them.
  std::erase_if(host.fds, OwnedFds::contains);
  host.pid = getpid();
  host.process = posix::open_process(host.pid);
  return host;
}

// Forks a spawner from the host itself. `spare`: as SpawnerProcess takes it.
SpawnerChild fork_spawner(const SpawnerHost& host, bool has_threads, UniqueFd spare) {
  posix::FdPair control = posix::make_socket_pair(SOCK_SEQPACKET);
  // A signal between the fork and the spawner's first steps must not run code of the host there.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork_hidden(has_threads);
  int error_number = errno;
  if (pid == 0) live_as_spawner(std::move(control.second), host, std::move(spare));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0)
    throw PoolBroken(
        SystemError("cannot fork the process that makes workers", error_number).what());
  return SpawnerChild(std::move(control.first), pid);
}

}  // namespace

struct Spawner::State {
  mutable std::mutex mutex;
  pid_t host = getpid();
  std::uint64_t generation = 0;
  LoadedImages images = LoadedImages::now();
  SpawnerChild serving;
  SpawnerChild spare;

  void make_spare();
  void promote_spare();
};

void Spawner::State::make_spare() {
  posix::FdPair control = posix::make_socket_pair(SOCK_SEQPACKET);
  SpawnerRequest request{SpawnerRequest::Kind::make_spare};
  if (!send_message(serving.control(), request, {{control.second.get()}})) return;
  control.second.reset();
  spare = SpawnerChild::expected(std::move(control.first), Clock::now() + kSpareWithin);
}

void Spawner::State::promote_spare() {
  serving = std::move(spare);
  ++generation;
  make_spare();
  // Whoever has just lost one may lose the next at once.
  (void)spare.pid();
}

Spawner::Spawner(const SpawnerOptions& options, bool has_threads)
    : state_(std::make_unique<State>()) {
  flush_standard_streams();
  SpawnerHost host = describe_host(options);
  if (has_threads) {
    // Two forks would find two states of its memory and its locks.
    state_->serving = fork_spawner(host, has_threads, UniqueFd());
    state_->make_spare();
    return;
  }
  // Both from here: a spare that the first spawner made would be missing if that one ended at once.
  state_->spare = fork_spawner(host, has_threads, UniqueFd());
  state_->serving = fork_spawner(host, has_threads, state_->spare.watch());
}

void Spawner::forbid_creation(const char* reason) {
  forbidden_because = reason;
}

std::shared_ptr<Spawner> Spawner::create(const SpawnerOptions& options) {
  if (const char* reason = forbidden_because) throw Error(reason);
  bool has_threads = has_other_threads();
  check_threads(options, has_threads);
  return std::shared_ptr<Spawner>(new Spawner(options, has_threads));
}

Spawner::~Spawner() {
  // In a child that the host forked, this object is a copy and the processes are not its own.
  if (getpid() != state_->host) {
    state_->serving.disown();
    state_->spare.disown();
    return;
  }
  // Both before either is waited for; and a spare that has not come yet does not come then.
  state_->serving.kill();
  state_->spare.kill();
}

SpawnerSession Spawner::open_session(std::optional<std::uint64_t> lost_generation) {
  std::lock_guard lock(state_->mutex);
  if (lost_generation == state_->generation) state_->serving.end();
  for (;;) {
    if (!state_->serving.is_alive()) {
      if (!state_->spare.is_alive())
        throw PoolBroken("the process that makes workers and its spare are both gone");
      state_->promote_spare();
      continue;
    }
    if (!state_->spare.is_alive()) state_->make_spare();
    posix::FdPair session = posix::make_socket_pair(SOCK_SEQPACKET);
    SpawnerRequest request{SpawnerRequest::Kind::open_session};
    if (!send_message(state_->serving.control(), request, {{session.second.get()}})) {
      state_->serving.end();
      continue;
    }
    return SpawnerSession(std::move(session.first), state_->serving.watch(), state_->generation);
  }
}

const LoadedImages& Spawner::images() const {
  return state_->images;
}

void Spawner::restore_spare() {
  std::lock_guard lock(state_->mutex);
  if (state_->serving.is_alive() && !state_->spare.is_alive()) state_->make_spare();
}

void Spawner::end_spare() {
  std::lock_guard lock(state_->mutex);
  if (state_->spare.has_come()) state_->spare.kill();
}

pid_t Spawner::pid() const {
  std::lock_guard lock(state_->mutex);
  (void)state_->spare.pid();
  return state_->serving.pid();
}

pid_t Spawner::spare_pid() const {
  std::lock_guard lock(state_->mutex);
  return state_->spare.pid();
}

}  // namespace fetchpool::process
