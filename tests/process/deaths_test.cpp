#include <signal.h>
#include <unistd.h>

#include <random>

#include "support/catch.h"
#include "support/seed.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

using Transport = SupervisorOptions::Transport;

TEST_CASE("an idle worker that is killed is replaced", "[deaths]") {
  Run run(options_for(obedient));
  run.add_ready(2);
  pid_t old = run.supervisor().pid(0);
  kill(old, SIGKILL);
  run.until_replaced(0, old);
  CHECK(run.ask("echo:x") == "x");
  CHECK(is_gone(old));
}

TEST_CASE("all workers killed at once are all replaced", "[deaths]") {
  Run run(options_for(obedient));
  run.add_ready(3);
  pid_t old[3];
  for (int i = 0; i < 3; ++i) kill(old[i] = run.supervisor().pid(i), SIGKILL);
  for (int i = 0; i < 3; ++i) run.until_replaced(i, old[i]);
  for (int i = 0; i < 3; ++i)
    CHECK(run.end_of(run.submit_to(i, "echo:x")).kind == Event::Kind::done);
}

TEST_CASE("a lost job says how its worker ended and whether it had begun", "[deaths]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  pid_t pid = run.supervisor().pid(0);
  JobId first = run.submit("echo:x");
  JobId culprit = run.submit("signal:11");
  JobId waiting = run.submit("echo:y");
  run.until_all_ended();
  CHECK(run.end_of(first).kind == Event::Kind::done);
  Event lost = run.end_of(culprit);
  CHECK(lost.kind == Event::Kind::lost);
  CHECK(lost.started);
  CHECK(lost.status == ExitStatus::signaled(SIGSEGV));
  CHECK(lost.pid == pid);
  CHECK(lost.cause == Event::Cause::died);
  CHECK(run.end_of(waiting).kind == Event::Kind::lost);
  CHECK_FALSE(run.end_of(waiting).started);
}

TEST_CASE("a worker that exits is told with its exit code", "[deaths]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  CHECK(run.end_of(run.submit("exit:3")).status == ExitStatus::exited(3));
}

TEST_CASE("an answer given before the worker's end counts", "[deaths]") {
  SupervisorOptions options = options_for(obedient);
  options.transport = GENERATE(Transport::pipes, Transport::socket);
  Run run(options);
  run.add_ready(1);
  for (int i = 0; i < 40; ++i) {
    pid_t pid = run.supervisor().pid(0);
    JobId answered = run.submit("done_before_exit:");
    Event end = run.end_of(answered);
    REQUIRE(end.kind == Event::Kind::done);
    REQUIRE(end.bytes.view() == "answered");
    run.until_replaced(0, pid);
  }
}

TEST_CASE("a worker killed in the middle of a large answer loses only that job", "[deaths]") {
  SupervisorOptions options = options_for(obedient);
  options.transport = GENERATE(Transport::pipes, Transport::socket);
  Run run(options);
  run.add_ready(2);
  for (const char* cut : {"0", "1", "23", "24", "25", "65536", "4194304", "8388631"}) {
    JobId torn = run.submit_to(0, "torn:" + std::string(cut));
    JobId neighbour = run.submit_to(1, "echo:fine");
    REQUIRE(run.end_of(torn).kind == Event::Kind::lost);
    REQUIRE(run.end_of(torn).status == ExitStatus::signaled(SIGKILL));
    REQUIRE(run.end_of(neighbour).kind == Event::Kind::done);
  }
  CHECK(run.ask("echo:x") == "x");
}

TEST_CASE("every job ends exactly once under 200 kills at random times", "[deaths]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  SupervisorOptions options = options_for(obedient);
  options.transport = random() % 2 ? Transport::pipes : Transport::socket;
  options.jobs_per_worker = 8;
  Run run(options);
  run.add_ready(3);
  std::map<JobId, std::string> wanted;
  for (int kills = 0; kills < 200;) {
    std::size_t size = random() % 20 == 0 ? 200'000 : random() % 50;
    wanted[run.submit("size:" + std::to_string(size))] = pattern_of(size);
    if (random() % 8 != 0) continue;
    int victim = static_cast<int>(random() % 3);
    if (!run.supervisor().is_ready(victim)) continue;
    if (random() % 4 == 0)
      run.supervisor().kill_worker(victim);
    else
      kill(run.supervisor().pid(victim), SIGKILL);
    ++kills;
  }
  run.until_all_ended();
  REQUIRE(run.ends().size() == wanted.size());
  std::size_t done = 0;
  for (const auto& [job, text] : wanted) {
    REQUIRE(run.ends().at(job).size() == 1);
    const Event& end = run.ends().at(job)[0];
    if (end.kind != Event::Kind::done) continue;
    REQUIRE((end.bytes.view() == text));
    ++done;
  }
  CHECK(done > 0);
}

TEST_CASE("a worker killed by its owner says so", "[deaths]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  JobId job = run.submit("hang:");
  run.until([&] { return run.supervisor().status(0).running_since(job).has_value(); });
  run.supervisor().kill_worker(0);
  Event lost = run.end_of(job);
  CHECK(lost.cause == Event::Cause::killed);
  CHECK(lost.status == ExitStatus::signaled(SIGKILL));
  CHECK(lost.started);
}

TEST_CASE("a stopped worker is noticed by its silence", "[deaths]") {
  SupervisorOptions options = options_for(obedient);
  options.silent_for = std::chrono::milliseconds(200);
  Run run(options);
  run.add_ready(2);
  pid_t stopped = run.supervisor().pid(0);
  kill(stopped, SIGSTOP);
  JobId job = run.submit_to(0, "echo:x");
  JobId spinning = run.submit_to(1, "hang:");
  CHECK(run.end_of(job).cause == Event::Cause::silent);
  CHECK(run.end_of(spinning).cause == Event::Cause::silent);
  CHECK(is_gone(stopped));
  CHECK(run.ask("echo:x") == "x");
}

TEST_CASE("a worker that closes its channel without leaving is ended", "[deaths]") {
  SupervisorOptions options = options_for(obedient);
  options.transport = GENERATE(Transport::pipes, Transport::socket);
  Run run(options);
  run.add_ready(1);
  pid_t pid = run.supervisor().pid(0);
  CHECK(run.end_of(run.submit("close:")).kind == Event::Kind::lost);
  CHECK(is_gone(pid));
}

TEST_CASE("a child of a worker neither hides its death nor survives it", "[deaths]") {
  SupervisorOptions options = options_for(obedient);
  options.own_group = true;
  options.transport = GENERATE(Transport::pipes, Transport::socket);
  Run run(options);
  run.add_ready(1);
  pid_t worker = run.supervisor().pid(0);
  pid_t child = std::stoi(run.ask("child:"));
  REQUIRE_FALSE(is_gone(child));
  JobId job = run.submit("exit:4");
  CHECK(run.end_of(job).status == ExitStatus::exited(4));
  CHECK(goes(child));
  run.until_replaced(0, worker);
  child = std::stoi(run.ask("child:"));
  run.supervisor().kill_worker(0);
  CHECK(goes(child));
}

TEST_CASE("a child of a worker without a group of its own does not hide its death", "[deaths]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  pid_t child = std::stoi(run.ask("child:"));
  CHECK(run.end_of(run.submit("exit:4")).status == ExitStatus::exited(4));
  CHECK_FALSE(is_gone(child));
  kill(child, SIGKILL);
}

}  // namespace
}  // namespace fetchpool::process
