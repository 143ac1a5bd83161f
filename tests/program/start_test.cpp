// The program where the system will not give it what it needs to start workers.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>

#include "base/posix.h"
#include "support/catch.h"
#include "support/command.h"
#include "support/origin.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// A user of this test process alone: what tests beside it start as theirs does not count here.
const std::string user = std::to_string(100000 + getpid());

// The program as a user who may have so many processes. Root may have any number.
Finished with_processes(int count, const std::vector<std::string>& arguments) {
  // By its descriptor: the user may not enter the directories that lead to it.
  UniqueFd program = posix::open_file(program_path("fetchpool"), O_RDONLY);
  return Command("setpriv")
      .inherit(program.get())
      .args({"--reuid=" + user, "--regid=" + user, "--clear-groups"})
      .args({"prlimit", "--nproc=" + std::to_string(count),
             "/proc/self/fd/" + std::to_string(program.get())})
      .args(arguments)
      .time_limit(20s)
      .run();
}

std::vector<std::string> four_pages(const Origin& origin) {
  std::vector<std::string> arguments = {"-p", "2", "--retry", "0", "--no-body"};
  for (int i = 0; i < 4; ++i) arguments.push_back(origin.url("/ok?i=" + std::to_string(i)));
  return arguments;
}

bool can_become_another_user() {
  if (geteuid() == 0 && Command("setpriv").arg("--version").run().ok()) return true;
  std::cerr << "NOT SHOWN: this process may not become another user" << std::endl;
  return false;
}

TEST_CASE("where no process can be made the program says why", "[start]") {
  if (!can_become_another_user()) return;
  Origin origin;
  // 1: no spawner. 2: no worker. With 3, the worker or the spare spawner comes first.
  for (int processes = 1; processes <= 2; ++processes) {
    Finished done = with_processes(processes, four_pages(origin));
    INFO(processes << " processes: " << done.err);
    CHECK(done.status == 1);
    CHECK(done.out.empty());
    CHECK_THAT(done.err, ContainsSubstring("Resource temporarily unavailable"));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') <= 2);
    // Five tries, with delays of 50 ms that double.
    CHECK(done.took < 10s);
  }
  CHECK(origin.requests() == 0);
}

TEST_CASE("with room for some of its workers the program does its work with a warning", "[start]") {
#ifdef __SANITIZE_THREAD__
  return;  // its own threads count as well
#endif
  if (!can_become_another_user()) return;
  Origin origin;
  std::vector<std::string> arguments = four_pages(origin);
  arguments.insert(arguments.end(), {"-p", "3"});
  // Long enough for the start guard to give the other workers up.
  arguments.push_back(origin.url("/slow?ms=2500"));
  Finished done = with_processes(4, arguments);
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK(done.lines().size() == 5);
  // Two, where they were asked for before the spare spawner was made.
  CHECK_THAT(done.err,
             ContainsSubstring("going on with 1") || ContainsSubstring("going on with 2"));
  CHECK_THAT(done.err, ContainsSubstring("Resource temporarily unavailable"));
}

TEST_CASE("where memory is short the program ends with a clear error", "[start]") {
  Origin origin;
  // Enough to begin, too little for anything.
  for (rlim_t megabytes : {16, 24, 32, 48}) {
    Finished done = Command("fetchpool")
                        .args(four_pages(origin))
                        .limit(RLIMIT_AS, megabytes << 20)
                        .time_limit(20s)
                        .run();
    INFO(megabytes << " MiB: " << done.status << " " << done.err);
    // What the C++ library says where there is no memory even to reach main().
    bool before_main = done.err == "terminate called without an active exception\n";
    CHECK((done.signal == 0 || before_main));
    CHECK((done.ok() || !done.err.empty()));
  }
}

}  // namespace
}  // namespace fetchpool::test
