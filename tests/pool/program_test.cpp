// How programs with a pool end, seen from outside.
#include <signal.h>

#include <random>

#include "support/catch.h"
#include "support/command.h"
#include "support/processes.h"
#include "support/run_length.h"
#include "support/seed.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

Command program(const std::string& name) {
  return Command(FETCHPOOL_POOL_PROGRAM).arg(name);
}

TEST_CASE("P36 a program ends with a pool held by a global", "[program]") {
  Finished done = program("global").run();
  CHECK(done.status == 0);
  CHECK_THAT(done.out, ContainsSubstring("9\n"));
  CHECK(done.took < 5s);
}

TEST_CASE("X12 Ctrl-C during a map ends the program and leaves nobody", "[program]") {
  Running running = program("map").start();
  running.wait_for_out("begins\n");
  auto all = running.processes();
  running.signal_group(SIGINT);
  Finished done = running.wait();
  CHECK(done.signal == SIGINT);
  CHECK(wait_until_gone(all, 1s));
}

TEST_CASE("X12 a program that handles Ctrl-C gets control back", "[program]") {
  Running running = program("interrupt").start();
  while (running.processes().size() < 5) running.is_running();
  auto all = running.processes();
  running.signal_group(SIGINT);
  CHECK(running.wait().status == 7);
  CHECK(wait_until_gone(all, 1s));
}

TEST_CASE("X13 no worker outlives a program that is killed", "[program]") {
  Running running = program("wait").start();
  // The program, its spawner with a spare, and four workers.
  while (running.processes().size() < 7) REQUIRE(running.is_running());
  auto all = running.processes();
  running.signal(SIGKILL);
  running.wait();
  CHECK(wait_until_gone(all, 1s));
}

TEST_CASE("X13 a program that is killed at a random instant leaves nothing behind", "[program]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  for (int i = 0; i < rounds_of(200); ++i) {
    Running running = program("map").start();
    // From before its first fork until all its workers run.
    auto instant = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 20'000);
    while (std::chrono::steady_clock::now() < instant) REQUIRE(running.is_running());
    auto all = running.processes();
    running.signal(SIGKILL);
    running.wait();
    INFO("round " << i << ": " << describe(all));
    // Those that were made after the look are found, too.
    REQUIRE(wait_until_gone(all, 2s));
    REQUIRE(wait_until_gone(running.processes(), 2s));
  }
}

TEST_CASE("X23 a worker that dies while it is written to does not end the program", "[program]") {
  // It copies much; some sanitizers take their time.
  Finished done = program("pipe").time_limit(120s).run();
  CHECK(done.signal == 0);
  CHECK(done.out == "lives\n");
}

#ifndef __SANITIZE_ADDRESS__  // whose companion for undefined behaviour needs a descriptor itself
TEST_CASE("X25 without free descriptors a pool goes on with the workers it has", "[program]") {
  Finished done = program("descriptors").run();
  CHECK(done.status == 0);
  CHECK(done.out == "works\n");
}
#endif

TEST_CASE("X25 without free processes a pool goes on with the workers it has", "[program]") {
  Finished done = program("processes").run();
  CHECK(done.status == 0);
  CHECK(done.out == "works\n");
}

TEST_CASE("P38 X25 a pool that can start nobody says why, and leaves nobody", "[program]") {
  Finished done = program("no_processes").run();
  CHECK(done.status == 0);
  CHECK_THAT(done.out, ContainsSubstring("Resource temporarily unavailable"));
}

}  // namespace
}  // namespace fetchpool::test
