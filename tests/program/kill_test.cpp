#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "base/posix.h"
#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* worker_name = "fetchpool-work";
constexpr const char* spawner_name = "fetchpool-spawn";

std::vector<Process> named(const Running& run, std::string_view name) {
  std::vector<Process> found = run.processes();
  std::erase_if(found, [&](const Process& process) { return process.name != name; });
  return found;
}

// The spawner that has workers; the other one is its spare.
std::optional<Process> acting_spawner(const Running& run) {
  std::vector<Process> workers = named(run, worker_name);
  for (const Process& spawner : named(run, spawner_name))
    for (const Process& worker : workers)
      if (worker.parent == spawner.pid) return spawner;
  return std::nullopt;
}

void kill_now(const Process& process) {
  kill(process.pid, SIGKILL);
  REQUIRE(wait_until_gone({process}, 10s));
}

// A list that takes a while, and what an undisturbed run makes of it.
class KillTest {
 public:
  // One URL of `one_slow_in` takes some time.
  explicit KillTest(int urls, int one_slow_in = 20) : urls_(urls) {
    std::string list;
    for (int i = 0; i < urls; ++i) {
      std::string number = std::to_string(i);
      list +=
          origin_.url(i % one_slow_in == one_slow_in - 1 ? "/slow/" + number + "?ms=40&size=3000"
                      : i % 50 == 3                      ? "/ok?size=400000&i=" + number
                                                         : "/gzip?size=4000&i=" + number) +
          "\n";
    }
    dir_.write("list", list);
    REQUIRE(command("undisturbed").run().status == 0);
    origin_.reset_counts();
  }

  Running start() const { return command("killed").start(); }

  // So many requests more, or the end of the run.
  void wait_for_progress(Running& run, long more) const {
    long goal = origin_.requests() + more;
    CHECK(eventually([&] { return origin_.requests() >= goal || !run.is_running(); }, 60s));
  }

  // Returns what it wrote to standard error.
  std::string check_same(Running& run) const {
    Finished done = run.wait();
    CHECK(done.status == 0);
    std::string killed = dir_.read("killed");
    CHECK(read_records(killed).size() == static_cast<std::size_t>(urls_));
    CHECK((killed == dir_.read("undisturbed")));
    return done.err;
  }

  const Origin& origin() const { return origin_; }

 private:
  Command command(const std::string& output) const {
    return fetchpool({"-i", dir_.file("list"), "-o", dir_.file(output), "--stable", "-p", "3", "-j",
                      "24", "--per-host", "0"});
  }

  Origin origin_;
  TempDir dir_;
  int urls_;
};

TEST_CASE("a killed worker costs no result") {
  KillTest test(3000);
  Running run = test.start();
  test.wait_for_progress(run, 300);
  std::vector<Process> workers = named(run, worker_name);
  REQUIRE(workers.size() == 3);
  kill_now(workers[1]);
  std::string err = test.check_same(run);
  CHECK_THAT(err, StartsWith("fetchpool: worker process " + std::to_string(workers[1].pid) +
                             " ended (killed by SIGKILL) and is replaced\n"));
  CHECK(std::count(err.begin(), err.end(), '\n') == 2);
  CHECK_THAT(err, ContainsSubstring("1 worker replaced"));
}

TEST_CASE("killing all workers at once costs no result") {
  KillTest test(3000);
  Running run = test.start();
  test.wait_for_progress(run, 300);
  std::vector<Process> workers = named(run, worker_name);
  REQUIRE(workers.size() == 3);
  for (const Process& worker : workers) kill(worker.pid, SIGKILL);
  test.check_same(run);
}

TEST_CASE("a killed spawner costs no result, and neither does its successor") {
  KillTest test(3000);
  Running run = test.start();
  for (int round = 0; round < 2; ++round) {
    test.wait_for_progress(run, 300);
    REQUIRE(eventually([&] { return named(run, spawner_name).size() == 2; }));
    std::optional<Process> spawner = acting_spawner(run);
    REQUIRE(spawner);
    kill_now(*spawner);
  }
  CHECK_THAT(test.check_same(run),
             ContainsSubstring("the process that makes workers was lost, and 3 with it; its spare "
                               "goes on\n"));
}

TEST_CASE("a killed spare is replaced") {
  KillTest test(2000);
  Running run = test.start();
  test.wait_for_progress(run, 200);
  std::optional<Process> acting = acting_spawner(run);
  REQUIRE(acting);
  for (const Process& spawner : named(run, spawner_name))
    if (spawner.pid != acting->pid) kill_now(spawner);
  CHECK(eventually([&] { return named(run, spawner_name).size() == 2 || !run.is_running(); }));
  test.check_same(run);
}

TEST_CASE("hundreds of random kills over one run cost no result", "[endurance]") {
  // As many seconds as the kills take on a busy machine.
  const int most_kills = is_long_run() ? 1000 : 200;
  KillTest test(40 * most_kills, 1);
  Running run = test.start();
  std::mt19937 random(new_seed());
  test.wait_for_progress(run, 50);
  int kills = 0;
  std::vector<pid_t> spawners_before;
  while (kills < most_kills && run.is_running()) {
    std::vector<Process> victims = run.processes();
    std::erase_if(victims, [&](const Process& process) { return process.pid == run.pid(); });
    // While there is one spawner only, or one so young that the program may not know it yet, both
    // are left alone: without them nothing can go on.
    auto is_spawner = [](const Process& process) { return process.name == spawner_name; };
    std::vector<pid_t> spawners;
    for (const Process& process : victims)
      if (is_spawner(process)) spawners.push_back(process.pid);
    std::sort(spawners.begin(), spawners.end());
    if (spawners.size() < 2 || spawners != spawners_before) std::erase_if(victims, is_spawner);
    spawners_before = spawners;
    if (victims.empty()) continue;
    const Process& victim = victims[random() % victims.size()];
    kill(victim.pid, SIGKILL);
    wait_until_gone({victim}, 10s);
    ++kills;
    test.wait_for_progress(run, static_cast<long>(random() % 10));
  }
  CHECK(kills == most_kills);
  test.check_same(run);
}

// Kills the program itself; everything it had started must be gone within a second.
void check_nothing_is_left(Running& run) {
  std::vector<Process> processes = run.processes();
  REQUIRE(processes.size() >= 4);
  run.signal(SIGKILL);
  auto limit = is_sanitized() ? 10s : 1s;
  CHECK(wait_until_gone(processes, limit));
  CHECK(describe(run.processes()).empty());
}

TEST_CASE("nothing is left when the busy program is killed") {
  KillTest test(8000);
  Running run = test.start();
  test.wait_for_progress(run, 300);
  check_nothing_is_left(run);
}

TEST_CASE("nothing is left when the idle program is killed") {
  Origin origin;
  Running run = fetchpool({"-p", "2"}).start();
  run.write_stdin(origin.url("/ok") + "\n");
  REQUIRE(run.read_line());
  check_nothing_is_left(run);
}

TEST_CASE("nothing is left when the program is killed while a URL hangs") {
  ListeningPort silent;
  Origin origin;
  Running run = fetchpool({"-p", "2", origin.url("/ok"), silent.url()}).start();
  REQUIRE(run.read_line());
  check_nothing_is_left(run);
}

}  // namespace
}  // namespace fetchpool::test
