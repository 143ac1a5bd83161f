#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <set>
#include <stdexcept>

#include "base/posix.h"
#include "fetchpool/fetch.h"
#include "fetchpool/prepare.h"
#include "support/catch.h"
#include "support/command.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;
using test::Command;
using test::Finished;
using test::rounds_of;
using test::Running;

// Living processes and files are looked for after every test by its program; this is the rest.
std::set<std::string> shared_memory() {
  std::set<std::string> names;
  std::error_code none;
  // Other programs, tests among them, may come and go there.
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", none))
    if (std::string name = entry.path().filename(); name.find("fetchpool") != std::string::npos)
      names.insert(name);
  return names;
}

std::string list_of(const test::Origin& origin, const std::string& target, int count) {
  std::string list;
  for (const std::string& url : origin.urls(target + "&", count)) list += url + "\n";
  return list;
}

// Whether all are gone within two seconds of the end of the command.
void check_gone(const std::vector<test::Process>& processes) {
  INFO(test::describe(processes));
  CHECK(test::wait_until_gone(processes, 2s));
}

// Returns when the process has ended, after `limit` at the latest.
void wait_for_end(pid_t pid, std::chrono::microseconds limit) {
  UniqueFd process = posix::open_process(pid);
  struct pollfd end {
    process.get(), POLLIN, 0
  };
  struct timespec timeout {
    0, std::chrono::nanoseconds(limit).count()
  };
  ppoll(&end, 1, &timeout, nullptr);
}

TEST_CASE("kill -9 of the program at random instants leaves nothing behind", "[endings]") {
  auto seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  INFO("seed " << seed);
  std::mt19937 random(seed);
  test::Origin origin;
  test::TempDir dir;
  dir.write("list", list_of(origin, "/ok?size=20000", 300));
  std::set<std::string> memory = shared_memory();
  for (int i = 0; i < rounds_of(500); ++i) {
    Running run = Command("fetchpool")
                      .args({"-i", dir.file("list"), "-o", dir.file("out"), "-q", "-p", "2"})
                      .start();
    // From before its first fork to after its end.
    wait_for_end(run.pid(), std::chrono::microseconds(random() % 60'000));
    run.signal(SIGKILL);
    run.wait();
    std::vector<test::Process> left = run.processes();
    INFO("round " << i << ": " << test::describe(left));
    REQUIRE(test::wait_until_gone(left, 2s));
    REQUIRE(run.processes().empty());
  }
  CHECK(shared_memory() == memory);
}

TEST_CASE("the program's ordinary ends leave nothing behind", "[endings]") {
  test::Origin origin;
  std::set<std::string> memory = shared_memory();
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"-q", origin.url("/ok")},                                    // all is well
           {"-q", origin.url("/status/404")},                            // an error of a URL
           {"-q", "-i", "/nonexistent/list"},                            // an error of ours
           {"-q", "--no-such-option"},                                   // a wrong call
           {"-q", "-o", "/dev/full", origin.url("/ok?size=100000")}}) {  // no room
    Running run = Command("fetchpool").args(arguments).start();
    run.wait();
    check_gone(run.processes());
  }
  CHECK(shared_memory() == memory);
}

TEST_CASE("signals once, twice and three times, and HUP, leave nothing behind", "[endings]") {
  test::Origin origin;
  for (const std::vector<int>& signals : std::vector<std::vector<int>>{
           {SIGTERM}, {SIGTERM, SIGTERM}, {SIGTERM, SIGINT, SIGHUP}, {SIGHUP}, {SIGINT}}) {
    origin.reset_counts();
    // One that takes a while after the first signal, but not for ever.
    Running run = Command("fetchpool").args({"-p", "2", origin.url("/slow?ms=700")}).start();
    origin.wait_for_requests("/slow", 1);
    std::vector<test::Process> processes = run.processes();
    CHECK(processes.size() >= 4);
    for (int number : signals) {
      run.signal(number);
      run.wait_for_err("once more ends them now");
    }
    Finished done = run.wait();
    CHECK(done.status != 0);
    check_gone(processes);
    CHECK(run.processes().empty());
  }
}

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
