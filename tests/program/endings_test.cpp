// The program, ended in every way. What else it could leave is looked for after every test.
#include <poll.h>
#include <signal.h>

#include <filesystem>
#include <random>

#include "base/posix.h"
#include "support/catch.h"
#include "support/command.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

std::string list_of_pages(const Origin& origin, const std::string& target, int count) {
  std::string list;
  for (const std::string& url : origin.urls(target + "&", count)) list += url + "\n";
  return list;
}

// Whether all are gone within two seconds of the end of the command.
void check_all_gone(const std::vector<Process>& processes) {
  INFO(describe(processes));
  CHECK(wait_until_gone(processes, 2s));
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
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  Origin origin;
  TempDir dir;
  dir.write("list", list_of_pages(origin, "/ok?size=20000", 300));
  for (int i = 0; i < rounds_of(500); ++i) {
    Running run = Command("fetchpool")
                      .args({"-i", dir.file("list"), "-o", dir.file("out"), "-q", "-p", "2"})
                      .start();
    // From before its first fork to after its end.
    wait_for_end(run.pid(), std::chrono::microseconds(random() % 60'000));
    run.signal(SIGKILL);
    run.wait();
    std::vector<Process> left = run.processes();
    INFO("round " << i << ": " << describe(left));
    REQUIRE(wait_until_gone(left, 2s));
    REQUIRE(run.processes().empty());
    for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
      std::string name = file.path().filename();
      INFO(name);
      REQUIRE((name == "list" || name == "out" || name == "out.journal"));
    }
  }
}

TEST_CASE("the program's ordinary ends leave nothing behind", "[endings]") {
  Origin origin;
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"-q", origin.url("/ok")},                                    // all is well
           {"-q", origin.url("/status/404")},                            // an error of a URL
           {"-q", "-i", "/nonexistent/list"},                            // an error of ours
           {"-q", "--no-such-option"},                                   // a wrong call
           {"-q", "-o", "/dev/full", origin.url("/ok?size=100000")}}) {  // no room
    Running run = Command("fetchpool").args(arguments).start();
    run.wait();
    check_all_gone(run.processes());
  }
}

TEST_CASE("signals once, twice and three times, and HUP, leave nothing behind", "[endings]") {
  Origin origin;
  for (const std::vector<int>& signals : std::vector<std::vector<int>>{{SIGTERM},
                                                                       {SIGTERM, SIGTERM},
                                                                       {SIGTERM, SIGTERM, SIGTERM},
                                                                       {SIGTERM, SIGINT, SIGHUP},
                                                                       {SIGHUP},
                                                                       {SIGINT}}) {
    origin.reset_counts();
    // One that takes a while after the first signal, but not for ever.
    Running run = Command("fetchpool").args({"-p", "2", origin.url("/slow?ms=700")}).start();
    origin.wait_for_requests("/slow", 1);
    std::vector<Process> processes = run.processes();
    CHECK(processes.size() >= 4);
    for (int number : signals) {
      run.signal(number);
      run.wait_for_err("once more ends them now");
    }
    Finished done = run.wait();
    CHECK(done.status != 0);
    check_all_gone(processes);
    CHECK(run.processes().empty());
  }
}

}  // namespace
}  // namespace fetchpool::test
