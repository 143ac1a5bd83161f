#include "cli/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/posix.h"

namespace fetchpool::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// Touched by the signal handler, which blocks all of kSignals, and by requested(), which does too.
StopCount stop_count;
int wakeup_fd = -1;

StopCount::Time monotonic_now() {
  struct timespec now {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void on_signal(int signal, siginfo_t* info, void*) {
  int saved_errno = errno;
  bool from_process = info->si_code == SI_USER || info->si_code == SI_TKILL;
  stop_count.add(signal, from_process ? info->si_pid : 0, monotonic_now());
  // From here, because the main loop may be stuck in a write to a dead file system.
  if (stop_count.count() >= 3) _exit(128 + stop_count.first_signal());
  char byte = 0;
  (void)!::write(wakeup_fd, &byte, 1);
  errno = saved_errno;
}

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : kSignals) sigaddset(&set, signal);
  return set;
}

bool is_ignored(int signal) {
  struct sigaction current {};
  sigaction(signal, nullptr, &current);
  return current.sa_handler == SIG_IGN;
}

// Reads the count while no signal can change it.
StopCount counted() {
  sigset_t set = stop_set();
  sigset_t previous;
  pthread_sigmask(SIG_BLOCK, &set, &previous);
  StopCount copy = stop_count;
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  return copy;
}

}  // namespace

void StopCount::add(int signal, int sender, Time now) {
  bool repeated = sender != 0 && sender == last_sender_ && signal == last_signal_ &&
                  now - last_time_ < kSameBreath;
  last_signal_ = signal;
  last_sender_ = sender;
  last_time_ = now;
  if (repeated) return;
  ++count_;
  if (first_signal_ == 0) first_signal_ = signal;
}

StopSignals::StopSignals() {
  auto [reader, writer] = posix::make_pipe();
  wakeup_ = std::move(reader);
  wakeup_writer_ = std::move(writer);
  posix::set_nonblocking(wakeup_.get(), true);
  posix::set_nonblocking(wakeup_writer_.get(), true);
  wakeup_fd = wakeup_writer_.get();
  stop_count = StopCount();

  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  action.sa_mask = stop_set();
  for (int signal : kSignals)
    if (signal != SIGHUP || !is_ignored(signal)) sigaction(signal, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  sigset_t set = stop_set();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

StopSignals::~StopSignals() {
  for (int signal : kSignals)
    if (!is_ignored(signal)) ::signal(signal, SIG_DFL);
  wakeup_fd = -1;
}

Stop StopSignals::requested() {
  char bytes[16];
  while (posix::read_some(wakeup_.get(), bytes, sizeof bytes).value_or(0) > 0) {
  }
  int count = counted().count();
  return count == 0 ? Stop::none : count == 1 ? Stop::drain : Stop::cancel;
}

int StopSignals::first_signal() const {
  return counted().first_signal();
}

}  // namespace fetchpool::cli
