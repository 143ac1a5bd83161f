#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <stdexcept>

#include "base/posix.h"
#include "fetchpool/fetch.h"
#include "fetchpool/prepare.h"
#include "support/catch.h"
#include "support/command.h"
#include "support/origin.h"
#include "support/run_length.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;
using test::rounds_of;

FetchOptions two_workers() {
  FetchOptions options;
  options.processes = 2;
  return options;
}

// Runs `body` in a process of its own and says how it ended; what it left is seen after the test.
int ended_by(const std::function<void()>& body) {
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

std::unique_ptr<Fetcher> busy_fetcher(const test::Origin& origin) {
  auto fetcher = std::make_unique<Fetcher>(two_workers());
  for (const std::string& url : origin.urls("/slow?ms=30000&", 10)) fetcher->submit(url);
  while (origin.counts_of_behaviour("/slow").now == 0) fetcher->wait(10ms);
  return fetcher;
}

TEST_CASE("an exception that passes a busy Fetcher ends its processes", "[endings]") {
  test::Origin origin;
  std::vector<int> workers;
  try {
    auto fetcher = busy_fetcher(origin);
    workers = fetcher->worker_pids();
    throw std::runtime_error("of the host");
  } catch (const std::runtime_error&) {
  }
  REQUIRE(workers.size() == 2);
  for (int pid : workers) CHECK(kill(pid, 0) != 0);
  CHECK(waitpid(-1, nullptr, WNOHANG | __WALL) <= 0);
}

TEST_CASE("a host that exits, aborts or returns with a busy Fetcher leaves nothing", "[endings]") {
  test::Origin origin;
  CHECK(ended_by([&] {
          busy_fetcher(origin).release();
          _exit(7);
        }) == 7 << 8);
  origin.reset_counts();
  CHECK(ended_by([&] {
          static auto kept = busy_fetcher(origin);  // NOLINT: ended by exit handlers
          std::quick_exit(8);
        }) == 8 << 8);
  origin.reset_counts();
  int status = ended_by([&] {
    busy_fetcher(origin).release();
    signal(SIGABRT, SIG_DFL);
    std::abort();
  });
  CHECK(WIFSIGNALED(status));
}

// What a process holds after so many Fetchers.
struct Held {
  std::vector<int> fds = posix::open_descriptors();
  std::size_t memory = test::resident_memory(getpid());
};

void check_no_growth(const test::Origin& origin, int cycles) {
  auto cycle = [&] {
    Fetcher fetcher(two_workers());
    for (int i = 0; i < 4; ++i) fetcher.submit(origin.url("/ok?size=5000"));
    int ok = 0;
    while (fetcher.unfinished() > 0)
      for (const FetchResult& result : fetcher.wait(10s)) ok += result.outcome == Outcome::ok;
    if (ok != 4) throw std::runtime_error("a page is missing");
  };
  for (int i = 0; i < 20; ++i) cycle();
  Held before;
  for (int i = 0; i < cycles; ++i) cycle();
  Held after;
  if (after.fds != before.fds) throw std::runtime_error("descriptors were left");
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  if (after.memory > before.memory + (1 << 20))
    throw std::runtime_error("memory grew by " + std::to_string(after.memory - before.memory));
#endif
}

TEST_CASE("making, using and destroying Fetchers grows nothing", "[endings]") {
  test::Origin origin;
  CHECK_NOTHROW(check_no_growth(origin, rounds_of(1000)));
  CHECK(waitpid(-1, nullptr, WNOHANG | __WALL) <= 0);
}

TEST_CASE("making, using and destroying Fetchers on one spawner grows nothing", "[endings]") {
  test::Origin origin;
  CHECK(ended_by([&] {
          try {
            prepare();
            check_no_growth(origin, rounds_of(1000));
          } catch (const std::exception& error) {
            std::cerr << error.what() << std::endl;
            _exit(1);
          }
        }) == 0);
}

}  // namespace
}  // namespace fetchpool
