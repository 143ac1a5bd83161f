#include <signal.h>
#include <unistd.h>

#include "fetchpool/error.h"
#include "support/catch.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

TEST_CASE("the spare takes over when the spawner is killed, 50 times in a row", "[spawner]") {
  auto spawner = Spawner::create();
  Run run(options_for(obedient), spawner);
  run.add_ready(2);
  std::set<pid_t> seen;
  for (int i = 0; i < 50; ++i) {
    pid_t serving = spawner->pid();
    pid_t spare = spawner->spare_pid();
    REQUIRE(seen.insert(serving).second);
    pid_t worker = run.supervisor().pid(0);
    JobId running = run.submit_to(0, "hang:");
    JobId waiting = run.submit_to(0, "echo:x");
    run.until([&] { return run.supervisor().status(0).running_since(running).has_value(); });
    kill(serving, SIGKILL);
    Event lost = run.end_of(running);
    REQUIRE(lost.cause == Event::Cause::spawner_lost);
    REQUIRE(lost.started);
    REQUIRE(lost.status.kind() == ExitStatus::Kind::unknown);
    REQUIRE_FALSE(run.end_of(waiting).started);
    REQUIRE(spawner->pid() == spare);
    run.until_replaced(0, worker);
    REQUIRE(goes(worker));
    REQUIRE(run.ask("echo:x") == "x");
  }
  CHECK(children_of(getpid()).size() == 2);
}

TEST_CASE("two supervisors on one spawner survive its loss with one new spawner", "[spawner]") {
  auto spawner = Spawner::create();
  Run first(options_for(obedient), spawner);
  Run second(options_for(obedient), spawner);
  for (int i = 0; i < 10; ++i) {
    if (i == 0) {
      first.add_ready(1);
      second.add_ready(1);
    }
    pid_t spare = spawner->spare_pid();
    pid_t old_first = first.supervisor().pid(0);
    pid_t old_second = second.supervisor().pid(0);
    kill(spawner->pid(), SIGKILL);
    first.until_replaced(0, old_first);
    second.until_replaced(0, old_second);
    REQUIRE(spawner->pid() == spare);
    REQUIRE(first.ask("echo:x") == "x");
    REQUIRE(second.ask("echo:x") == "x");
  }
}

TEST_CASE("spawner and spare killed together end the pool, jobs first", "[spawner]") {
  auto spawner = Spawner::create();
  Run run(options_for(obedient), spawner);
  run.add_ready(2);
  JobId job = run.submit("hang:");
  run.until([&] { return run.supervisor().status(0).running_since(job).has_value(); });
  kill(spawner->spare_pid(), SIGSTOP);  // so that nobody makes a new one
  kill(spawner->pid(), SIGSTOP);
  kill(spawner->spare_pid(), SIGKILL);
  kill(spawner->pid(), SIGKILL);
  CHECK_THROWS_AS(run.until([] { return false; }), PoolBroken);
  CHECK(run.ends().at(job).size() == 1);
  CHECK(run.supervisor().outstanding() == 0);
  CHECK_THROWS_AS(spawner->open_session(), PoolBroken);
}

TEST_CASE("a spare that is lost alone is replaced", "[spawner]") {
  auto spawner = Spawner::create();
  Run run(options_for(obedient), spawner);
  run.add_ready(1);
  pid_t spare = spawner->spare_pid();
  kill(spare, SIGKILL);
  run.until([&] { return spawner->spare_pid() != spare && spawner->spare_pid() > 0; });
  pid_t worker = run.supervisor().pid(0);
  kill(spawner->pid(), SIGKILL);
  run.until_replaced(0, worker);
  CHECK(run.ask("echo:x") == "x");
}

TEST_CASE("a spare that is lost before the first session is replaced", "[spawner]") {
  auto spawner = Spawner::create();
  pid_t serving = spawner->pid();
  pid_t spare = spawner->spare_pid();
  kill(spare, SIGKILL);
  REQUIRE(goes(spare));
  Run run(options_for(obedient), spawner);
  run.add_ready(1);
  CHECK(spawner->pid() == serving);
  CHECK(spawner->spare_pid() != spare);
  CHECK(spawner->spare_pid() > 0);
}

TEST_CASE("the spare takes over from a spawner that is killed as soon as it is made", "[spawner]") {
  for (int i = 0; i < 100; ++i) {
    auto spawner = Spawner::create();
    kill(spawner->pid(), SIGKILL);
    Run run(options_for(obedient), spawner);
    run.add_ready(1);
    REQUIRE(run.ask("echo:x") == "x");
  }
}

TEST_CASE("a spare that is killed as soon as it can be seen is replaced, and leaves no zombie",
          "[spawner]") {
  auto spawner = Spawner::create();
  Run run(options_for(obedient), spawner);
  run.add_ready(1);
  std::set<pid_t> known = children_of(getpid());
  kill(spawner->spare_pid(), SIGKILL);
  for (int killed = 0; killed < 100;) {
    run.supervisor().wait(Clock::duration::zero());
    for (pid_t child : children_of(getpid())) {
      if (!known.insert(child).second) continue;
      kill(child, SIGKILL);
      ++killed;
    }
  }
  CHECK(run.ask("echo:x") == "x");
  CHECK(spawner->spare_pid() > 0);
  // The spawner, its spare, and at most one that is just ending.
  CHECK(children_of(getpid()).size() <= 3);
}

TEST_CASE("a spare for which nobody waits any more is not made", "[spawner]") {
  auto spawner = Spawner::create();
  pid_t serving = spawner->pid();
  pid_t first = spawner->spare_pid();
  kill(first, SIGKILL);
  REQUIRE(goes(first));
  kill(serving, SIGSTOP);
  while (state_of(serving) != 'T') continue;
  spawner->restore_spare();
  CHECK(spawner->spare_pid() == 0);  // after the five seconds that one may take
  kill(serving, SIGCONT);
  Run run(options_for(obedient), spawner);
  run.add_ready(1);
  CHECK(spawner->pid() == serving);
  CHECK(spawner->spare_pid() > 0);
  CHECK(children_of(getpid()).size() == 2);
}

TEST_CASE("a spare that is lost while a session is opened is replaced", "[spawner]") {
  auto spawner = Spawner::create();
  pid_t serving = spawner->pid();
  pid_t spare = spawner->spare_pid();
  kill(serving, SIGSTOP);
  while (state_of(serving) != 'T') continue;
  Run run(options_for(obedient), spawner);
  kill(spare, SIGKILL);
  REQUIRE(goes(spare));
  kill(serving, SIGCONT);
  run.until([&] { return spawner->spare_pid() != spare && spawner->spare_pid() > 0; });
  CHECK(spawner->pid() == serving);
}

TEST_CASE("the end of a supervisor leaves the spare to others who have the spawner", "[spawner]") {
  auto spawner = Spawner::create();
  pid_t spare = spawner->spare_pid();
  {
    Run run(options_for(obedient), spawner);
    run.add_ready(1);
  }
  CHECK(spawner->spare_pid() == spare);
  CHECK_FALSE(is_gone(spare));
}

TEST_CASE("what a worker started ends with it when the spawner is lost", "[spawner]") {
  auto spawner = Spawner::create();
  SupervisorOptions options = options_for(obedient);
  options.own_group = true;
  Run run(options, spawner);
  run.add_ready(1);
  pid_t child = std::stoi(run.ask("child:"));
  pid_t worker = run.supervisor().pid(0);
  kill(spawner->pid(), SIGKILL);
  run.until_replaced(0, worker);
  CHECK(goes(child));
}

TEST_CASE("a session ends its workers", "[spawner]") {
  auto spawner = Spawner::create();
  pid_t worker = 0;
  {
    Run run(options_for(obedient), spawner);
    run.add_ready(1);
    worker = run.supervisor().pid(0);
    CHECK_FALSE(is_gone(worker));
  }
  CHECK(is_gone(worker));
}

}  // namespace
}  // namespace fetchpool::process
