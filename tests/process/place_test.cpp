#include <csignal>
#include <fstream>

#include "base/posix.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

TEST_CASE("a renewed worker finishes its jobs, and a fresh one takes its place", "[places]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  pid_t old = run.supervisor().pid(0);
  std::vector<JobId> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(run.submit("size:1000000"));
  run.supervisor().renew_worker(0);
  CHECK(run.supervisor().room(0) == 0);
  for (JobId job : jobs) CHECK(run.end_of(job).kind == Event::Kind::done);
  run.until_replaced(0, old);
  CHECK(run.ask("index:") == "0");
}

TEST_CASE("a removed place is gone and its number used again", "[places]") {
  Run run(options_for(obedient));
  run.add_ready(3);
  pid_t old = run.supervisor().pid(1);
  JobId job = run.submit_to(1, "echo:last");
  run.supervisor().remove_worker(1);
  CHECK(run.end_of(job).bytes.view() == "last");
  run.until([&] { return run.supervisor().pid(1) == 0; });
  CHECK(is_gone(old));
  CHECK(run.supervisor().room(1) == 0);
  CHECK(run.supervisor().add_worker() == 1);
  CHECK(run.supervisor().add_worker() == 3);
  run.until_ready(1);
}

TEST_CASE("a place that is not kept goes with its worker", "[places]") {
  Run run(options_for(obedient));
  int place = run.supervisor().add_worker(false);
  run.until_ready(place);
  JobId job = run.submit_to(place, "exit:1");
  CHECK(run.end_of(job).kind == Event::Kind::lost);
  run.until([&] { return run.supervisor().all_gone(); });
  CHECK(run.supervisor().add_worker(false) == place);
}

TEST_CASE("a worker that does not leave is killed after the grace", "[places]") {
  SupervisorOptions options = options_for(obedient);
  options.grace = std::chrono::milliseconds(50);
  Run run(options);
  run.add_ready(1);
  pid_t old = run.supervisor().pid(0);
  kill(old, SIGSTOP);
  run.supervisor().renew_worker(0);
  run.until_replaced(0, old);
  CHECK(is_gone(old));
}

TEST_CASE("stop lets workers finish and replaces none", "[places]") {
  Run run(options_for(obedient));
  run.add_ready(2);
  JobId job = run.submit("size:3000000");
  run.supervisor().stop();
  run.until([&] { return run.supervisor().all_gone(); });
  CHECK(run.end_of(job).kind == Event::Kind::done);
  CHECK(run.supervisor().wait(std::nullopt).empty());
}

TEST_CASE("stop reaches a worker that is not ready yet", "[places]") {
  Run run(options_for(obedient));
  run.supervisor().add_worker();
  run.supervisor().wait(Clock::duration{0});
  run.supervisor().stop();
  run.until([&] { return run.supervisor().all_gone(); });
}

TEST_CASE("many workers start at once", "[places]") {
  SupervisorOptions options = options_for(obedient);
  options.pipe_bytes = 65536;
  Run run(options);
  run.add_ready(100);
  for (int i = 0; i < 100; ++i) REQUIRE(run.end_of(run.submit_to(i, "echo:x")).worker == i);
}

TEST_CASE("200 supervisors leave no process, descriptor or zombie behind", "[places]") {
  auto spawner = Spawner::create();
  std::set<pid_t> children{spawner->pid(), spawner->spare_pid()};
  CHECK(children_of(getpid()) == children);
  std::vector<int> fds = posix::open_descriptors();
  for (int i = 0; i < 200; ++i) {
    Run run(options_for(obedient), spawner);
    run.add_ready(1);
    REQUIRE(run.ask("echo:x") == "x");
    if (i % 3 == 0) run.submit("hang:");
  }
  CHECK(posix::open_descriptors() == fds);
  CHECK(children_of(getpid()) == children);
  CHECK(children_of(spawner->pid()).empty());
  std::string link = "/proc/" + std::to_string(spawner->pid()) + "/fd/";
  int open = 0;
  for (int fd = 0; fd < 100; ++fd)
    open +=
        std::ifstream("/proc/" + std::to_string(spawner->pid()) + "/fdinfo/" + std::to_string(fd))
            .good();
  CHECK(open < 15);
}

TEST_CASE("200 spawners leave no process, descriptor or zombie behind", "[places]") {
  std::vector<int> fds = posix::open_descriptors();
  for (int i = 0; i < test::shorter_if_sanitized(200); ++i) {
    Run run(options_for(obedient), Spawner::create());
    run.add_ready(1);
  }
  CHECK(posix::open_descriptors() == fds);
  CHECK(children_of(getpid()).empty());
}

}  // namespace
}  // namespace fetchpool::process
