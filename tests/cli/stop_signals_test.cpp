#include "cli/stop_signals.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/posix.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;
using namespace std::chrono_literals;

namespace {

bool is_readable(int fd) {
  struct pollfd readable {
    fd, POLLIN, 0
  };
  return posix::poll_for(&readable, 1, Clock::duration::zero()) == 1;
}

// How a child that runs `act` ends, as wait(2) tells it.
template <typename Act>
int status_of_child(Act act) {
  pid_t child = fork();
  if (child == 0) {
    act();
    _exit(0);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

int exit_code_of_child(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("signals are counted, the first one remembered", "[stop_signals]") {
  StopCount count;
  count.add(SIGTERM, 0, 1s);
  CHECK(count.count() == 1);
  count.add(SIGINT, 0, 1s);
  count.add(SIGINT, 0, 1s);
  CHECK(count.count() == 3);
  CHECK(count.first_signal() == SIGTERM);
}

TEST_CASE("one process that signals twice in one breath counts once", "[stop_signals]") {
  StopCount count;
  count.add(SIGTERM, 77, 1s);
  count.add(SIGTERM, 77, 1s + 1ms);
  CHECK(count.count() == 1);
  count.add(SIGTERM, 77, 1s + 200ms);
  CHECK(count.count() == 2);
  count.add(SIGTERM, 78, 1s + 201ms);
  CHECK(count.count() == 3);
}

TEST_CASE("the first signal drains, the second cancels", "[stop_signals]") {
  StopSignals signals;
  CHECK_FALSE(is_readable(signals.poll_fd()));
  CHECK(signals.requested() == Stop::none);
  CHECK(signals.first_signal() == 0);

  raise(SIGTERM);
  CHECK(is_readable(signals.poll_fd()));
  CHECK(signals.requested() == Stop::drain);
  CHECK_FALSE(is_readable(signals.poll_fd()));

  raise(SIGINT);
  CHECK(is_readable(signals.poll_fd()));
  CHECK(signals.requested() == Stop::cancel);
  CHECK(signals.first_signal() == SIGTERM);
}

TEST_CASE("the third signal ends the process at once", "[stop_signals]") {
  int status = status_of_child([] {
    StopSignals signals;
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) raise(signal);
  });
  CHECK(exit_code_of_child(status) == 130);
}

TEST_CASE("signals blocked at the start are heard", "[stop_signals]") {
  int status = status_of_child([] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    StopSignals signals;
    raise(SIGINT);
    _exit(signals.requested() == Stop::drain ? 7 : 8);
  });
  CHECK(exit_code_of_child(status) == 7);
}

TEST_CASE("under nohup a hangup is not heard", "[stop_signals]") {
  int status = status_of_child([] {
    signal(SIGHUP, SIG_IGN);
    StopSignals signals;
    raise(SIGHUP);
    _exit(signals.requested() == Stop::none ? 7 : 8);
  });
  CHECK(exit_code_of_child(status) == 7);
}

TEST_CASE("writing to a closed pipe is an error, not an end", "[stop_signals]") {
  int status = status_of_child([] {
    StopSignals signals;
    auto pipe = posix::make_pipe();
    pipe.first.reset();
    _exit(::write(pipe.second.get(), "x", 1) == -1 && errno == EPIPE ? 7 : 8);
  });
  CHECK(exit_code_of_child(status) == 7);
}
