#include "process/spawner_process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

#include "base/posix.h"
#include "process/child_process.h"
#include "process/hidden_fork.h"

namespace fetchpool::process {
namespace {

// Where each descriptor stands in the polled list; sessions follow.
enum Polled : std::size_t { kControl, kChildren, kHost, kSpare, kFirstSession };

sigset_t child_signal_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return set;
}

UniqueFd watch_child_signals() {
  sigset_t set = child_signal_set();
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.is_open()) throw SystemError("cannot watch child processes", errno);
  return fd;
}

// Tells the host who is at the other end of this control socket.
void say_hello(int control, pid_t pid, const UniqueFd& process) {
  SpawnerReply hello{SpawnerReply::Kind::hello};
  hello.pid = pid;
  if (process.is_open())
    send_message(control, hello, {{process.get()}});
  else
    send_message(control, hello);
}

void kill_process(pid_t pid, bool own_group) {
  if (own_group) ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
}

}  // namespace

SpawnerProcess::SpawnerProcess(UniqueFd control, const SpawnerHost& host, UniqueFd spare)
    : host_(host),
      pid_(getpid()),
      control_(std::move(control)),
      child_signals_(watch_child_signals()),
      spare_(std::move(spare)) {}

UniqueFd SpawnerProcess::run() {
  std::vector<struct pollfd> polled;
  for (;;) {
    wait_for_something(polled);
    if (host_is_gone(polled[kHost])) leave();
    if (polled[kChildren].revents) reap();
    if (polled[kSpare].revents) see_to_spare();
    for (std::size_t i = kFirstSession; i < polled.size(); ++i) {
      Session& session = *sessions_[i - kFirstSession];
      if (polled[i].revents & POLLOUT) send_reports(session);
      if (polled[i].revents & ~POLLOUT) read_session(session);
    }
    std::erase_if(sessions_, [](const auto& session) { return !session->socket.is_open(); });
    if (polled[kControl].revents)
      if (auto new_spare = read_control()) return std::move(*new_spare);
  }
}

void SpawnerProcess::wait_for_something(std::vector<struct pollfd>& polled) {
  polled.clear();
  for (int fd : {control_.get(), child_signals_.get(), host_.process.get(), spare_.get()})
    polled.push_back({fd, POLLIN, 0});
  for (const auto& session : sessions_) {
    short events = session->unsent.empty() ? POLLIN : POLLIN | POLLOUT;
    polled.push_back({session->ended ? -1 : session->socket.get(), events, 0});
  }
  // Without a descriptor for the host, its end must be looked for.
  std::optional<Clock::duration> timeout;
  if (!host_.process.is_open()) timeout = std::chrono::milliseconds(100);
  posix::poll_for(polled.data(), polled.size(), timeout);
}

bool SpawnerProcess::host_is_gone(const struct pollfd& polled) const {
  // The sockets cannot tell: a child of the host may hold them open.
  return host_.process.is_open() ? polled.revents != 0 : getppid() != host_.pid;
}

std::optional<UniqueFd> SpawnerProcess::read_control() {
  UniqueFd control_of_spare;
  std::size_t before = sessions_.size();
  for (;;) {
    SpawnerRequest request{};
    ReceivedFds fds;
    switch (receive_message(control_.get(), request, &fds)) {
      case Received::end:
        leave();
      case Received::nothing:
        return control_of_spare.is_open() ? make_spare(std::move(control_of_spare), before)
                                          : std::nullopt;
      case Received::without_descriptors:
        continue;  // the socket that is closed with it tells the host
      case Received::message:
        break;
    }
    if (request.kind == SpawnerRequest::Kind::open_session) {
      sessions_.push_back(std::make_unique<Session>(Session{std::move(fds[0]), {}, false}));
      if (lacks_spare_) report(*sessions_.back(), {SpawnerReply::Kind::spare_gone});
    } else if (request.kind == SpawnerRequest::Kind::make_spare) {
      control_of_spare = std::move(fds[0]);
    }
  }
}

std::optional<UniqueFd> SpawnerProcess::make_spare(UniqueFd control, std::size_t first_new) {
  // Workers that are waited for already come first: at the start, that is half a millisecond.
  for (const auto& session : sessions_) read_session(*session);
  // A host that has waited too long does not know it any more, and would not reap it.
  if (posix::is_readable(control.get())) return std::nullopt;
  pid_t pid = fork_hidden_sibling(spare_);
  if (pid == 0) return control;
  // The spare says it, too: the host must know of it, and reap it, if one of us is killed at once.
  if (pid > 0) say_hello(control.get(), pid, spare_);
  lacks_spare_ = pid < 0;
  // Not those that were there before: they asked for it, and would ask again and again.
  for (std::size_t i = first_new; lacks_spare_ && i < sessions_.size(); ++i)
    report(*sessions_[i], {SpawnerReply::Kind::spare_gone});
  return std::nullopt;
}

void SpawnerProcess::read_session(Session& session) {
  while (!session.ended) {
    SpawnerRequest request{};
    ReceivedFds fds;
    Received received = receive_message(session.socket.get(), request, &fds);
    if (received == Received::nothing) return;
    if (received == Received::end) {
      end_session(session);
    } else if (received == Received::without_descriptors) {
      report(session, {SpawnerReply::Kind::refused, request.worker, 0, EMFILE});
    } else if (request.kind == SpawnerRequest::Kind::start) {
      start(session, request, std::move(fds));
    } else if (request.kind == SpawnerRequest::Kind::kill) {
      kill(session, request.worker);
    }
  }
}

void SpawnerProcess::start(Session& session, const SpawnerRequest& request, ReceivedFds fds) {
  pid_t pid = fork();
  if (pid == 0) run_worker(request, std::move(fds), pid_, host_.fds);
  if (pid < 0) {
    report(session, {SpawnerReply::Kind::refused, request.worker, 0, errno});
    return;
  }
  // Here and in the worker, so that the group exists whoever is first.
  if (request.own_group) setpgid(pid, pid);
  workers_.push_back({pid, request.worker, &session, request.own_group});
  report(session, {SpawnerReply::Kind::born, request.worker, pid});
}

void SpawnerProcess::kill(const Session& session, std::uint32_t id) {
  for (const Worker& worker : workers_)
    if (worker.session == &session && worker.id == id) kill_process(worker.pid, worker.own_group);
}

void SpawnerProcess::end_session(Session& session) {
  session.ended = true;
  for (const Worker& worker : workers_)
    if (worker.session == &session) kill_process(worker.pid, worker.own_group);
  close_if_empty(session);
}

void SpawnerProcess::close_if_empty(Session& session) {
  bool empty = std::none_of(workers_.begin(), workers_.end(), [&session](const Worker& worker) {
    return worker.session == &session;
  });
  // The host waits for this end of file to know that all its workers are gone.
  if (session.ended && empty) session.socket.reset();
}

void SpawnerProcess::reap() {
  struct signalfd_siginfo signal;
  (void)!read(child_signals_.get(), &signal, sizeof signal);
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    pid_t pid = info.si_pid;
    auto worker = std::find_if(workers_.begin(), workers_.end(),
                               [pid](const Worker& candidate) { return candidate.pid == pid; });
    // Before the worker is reaped: as long as it is a zombie, its group's number is its own.
    if (worker != workers_.end() && worker->own_group) ::kill(-pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    if (worker == workers_.end()) continue;
    Session& session = *worker->session;
    report(session, {SpawnerReply::Kind::ended, worker->id, pid, 0, status});
    workers_.erase(worker);
    close_if_empty(session);
  }
}

void SpawnerProcess::report(Session& session, const SpawnerReply& reply) {
  session.unsent.push_back(reply);
  send_reports(session);
}

void SpawnerProcess::send_reports(Session& session) {
  while (!session.unsent.empty() && send_message(session.socket.get(), session.unsent.front()))
    session.unsent.pop_front();
}

void SpawnerProcess::see_to_spare() {
  spare_.reset();
  lacks_spare_ = true;
  for (const auto& session : sessions_) report(*session, {SpawnerReply::Kind::spare_gone});
}

void SpawnerProcess::leave() {
  for (const Worker& worker : workers_) kill_process(worker.pid, worker.own_group);
  for (const Worker& worker : workers_) waitpid(worker.pid, nullptr, 0);
  _exit(0);
}

void live_as_spawner(UniqueFd control, const SpawnerHost& host, UniqueFd spare) {
  prctl(PR_SET_NAME, "fetchpool-spawn");
  take_child_signals(child_signal_set());
  posix::fill_standard_descriptors();
  try {
    // Who was forked by the host itself is known there.
    for (bool is_known = true;; is_known = false) {
      std::vector<int> keep = host.fds;
      for (int fd : {control.get(), host.process.get(), spare.get()})
        if (fd >= 0) keep.push_back(fd);
      keep_only(std::move(keep));
      if (!is_known) say_hello(control.get(), getpid(), posix::open_process(getpid()));
      control = SpawnerProcess(std::move(control), host, std::exchange(spare, UniqueFd())).run();
    }
  } catch (const std::exception&) {
    // The host learns of it as of any other end of a spawner, and the spare takes over.
    _exit(1);
  }
}

}  // namespace fetchpool::process
