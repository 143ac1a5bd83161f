#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <new>
#include <stdexcept>
#include <thread>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "support/catch.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

int exits(WorkerLink&) {
  return 3;
}
int aborts(WorkerLink&) {
  std::abort();
}
int hangs(WorkerLink&) {
  for (;;) pause();
}
int says_why(WorkerLink& link) {
  link.failed("the certificate file is missing");
  return 1;
}
int throws(WorkerLink&) {
  throw std::runtime_error("no such table");
}

// Becomes ready only in place 0.
int only_first(WorkerLink& link) {
  return link.index() == 0 ? obedient(link) : 9;
}

SupervisorOptions impatient(WorkerFunction function) {
  SupervisorOptions options = options_for(function);
  options.start_guard = {.give_up_after = 3,
                         .first_delay = std::chrono::milliseconds(1),
                         .longest_delay = std::chrono::milliseconds(4)};
  return options;
}

// For workers that are to be given up before they are ready.
SupervisorOptions most_impatient(WorkerFunction function) {
  SupervisorOptions options = impatient(function);
  options.ready_within = std::chrono::milliseconds(100);
  return options;
}

std::string broken_by(const SupervisorOptions& options, int workers = 1) {
  Run run(options);
  for (int i = 0; i < workers; ++i) run.supervisor().add_worker();
  try {
    run.until([] { return false; });
  } catch (const PoolBroken& error) {
    return error.what();
  }
  return "not broken";
}

TEST_CASE("workers that end before they are ready break the pool, with the cause", "[start]") {
  CHECK_THAT(broken_by(impatient(exits)), ContainsSubstring("exited with 3"));
  CHECK_THAT(broken_by(impatient(aborts)), ContainsSubstring("SIGABRT"));
  CHECK_THAT(broken_by(most_impatient(hangs)), ContainsSubstring("not ready in time"));
  CHECK_THAT(broken_by(impatient(says_why)), ContainsSubstring("the certificate file is missing"));
  CHECK_THAT(broken_by(impatient(throws)), ContainsSubstring("no such table"));
  CHECK_THAT(broken_by(impatient(exits), 8), ContainsSubstring("exited with 3"));
}

// When workers that never become ready were started, in memory that they share with the test.
struct Starts {
  std::atomic<int> count{0};
  std::array<std::atomic<std::int64_t>, 100> at{};
};
Starts* starts = nullptr;

void note_start() {
  auto n = static_cast<std::size_t>(starts->count++);
  if (n < starts->at.size())
    starts->at[n] = std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

int notes_and_exits(WorkerLink&) {
  note_start();
  return 3;
}

int notes_and_hangs(WorkerLink&) {
  note_start();
  for (;;) pause();
}

int is_ready_and_exits(WorkerLink& link) {
  note_start();
  link.ready();
  return 3;
}

int is_ready_and_aborts(WorkerLink& link) {
  link.ready();
  std::abort();
}

int is_ready_and_sends_garbage(WorkerLink& link) {
  note_start();
  link.ready();
  std::string garbage(24, 'x');
  posix::write_all(link.channel().out_fd(), garbage.data(), garbage.size());
  for (;;) pause();
}

// Works only in place 0.
int is_ready_and_only_first_works(WorkerLink& link) {
  if (link.index() == 0) return obedient(link);
  return is_ready_and_exits(link);
}

class SharedStarts {
 public:
  SharedStarts() {
    memory_ =
        mmap(nullptr, sizeof(Starts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    starts = new (memory_) Starts;
  }
  ~SharedStarts() { munmap(memory_, sizeof(Starts)); }

 private:
  void* memory_;
};

TEST_CASE("a worker that cannot start is tried a few times, ever later", "[start]") {
  SharedStarts shared;
  CHECK_THAT(broken_by(impatient(notes_and_exits)), ContainsSubstring("exited with 3"));
  REQUIRE(starts->count == 3);
  CHECK(starts->at[1] - starts->at[0] >= 1'000'000);
  CHECK(starts->at[2] - starts->at[1] >= 2'000'000);
}

TEST_CASE("workers that are ready and end before they begin anything are not forked without end",
          "[start]") {
  SharedStarts shared;
  CHECK_THAT(broken_by(impatient(is_ready_and_exits)),
             ContainsSubstring("exited with 3 before it had begun a job"));
  CHECK(starts->count == 3);
  CHECK_THAT(broken_by(impatient(is_ready_and_aborts)), ContainsSubstring("SIGABRT"));
  CHECK_THAT(broken_by(impatient(is_ready_and_sends_garbage)),
             ContainsSubstring("sent damaged data"));
  CHECK(starts->count == 6);
  CHECK_THAT(broken_by(impatient(is_ready_and_exits), 8), ContainsSubstring("exited with 3"));
}

TEST_CASE("a worker that ends unused again and again is one warning where another one works",
          "[start]") {
  SharedStarts shared;
  Run run(impatient(is_ready_and_only_first_works));
  run.supervisor().add_worker();
  run.supervisor().add_worker();
  run.until_ready(0);
  std::vector<std::string> warnings;
  while (starts->count < 8) {
    CHECK(run.end_of(run.submit_to(0, "echo:x")).kind == Event::Kind::done);
    for (std::string& warning : run.supervisor().take_warnings())
      warnings.push_back(std::move(warning));
  }
  // The first two are deaths like any others.
  REQUIRE(warnings.size() == 3);
  CHECK_THAT(warnings[0], ContainsSubstring("ended (exited with 3) and is replaced"));
  CHECK_THAT(warnings[1], ContainsSubstring("ended (exited with 3) and is replaced"));
  CHECK_THAT(warnings[2], ContainsSubstring("going on with 1"));
}

TEST_CASE("one signal that ends all idle workers costs nothing", "[start]") {
  Run run(impatient(obedient));
  run.add_ready(8);
  std::vector<pid_t> workers;
  for (int i = 0; i < 8; ++i) workers.push_back(run.supervisor().pid(i));
  for (pid_t worker : workers) kill(worker, SIGUSR1);
  for (int i = 0; i < 8; ++i) run.until_replaced(i, workers[static_cast<std::size_t>(i)]);
  CHECK(run.ask("echo:x") == "x");
  std::vector<std::string> warnings = run.supervisor().take_warnings();
  CHECK(warnings.size() == 8);
  for (const std::string& warning : warnings)
    CHECK_THAT(warning, ContainsSubstring("ended (killed by SIGUSR1) and is replaced"));
}

TEST_CASE("workers that are killed while they have nothing to do are replaced each time",
          "[start]") {
  Run run(impatient(obedient));
  run.add_ready(1);
  for (int i = 0; i < 10; ++i) {
    pid_t worker = run.supervisor().pid(0);
    kill(worker, SIGKILL);
    run.until_replaced(0, worker);
  }
  CHECK(run.ask("echo:x") == "x");
}

TEST_CASE("many workers that cannot start are not forked without end", "[start]") {
  SharedStarts shared;
  CHECK_THAT(broken_by(impatient(notes_and_exits), 8), ContainsSubstring("exited with 3"));
  CHECK(starts->count <= 8 + 3);
}

TEST_CASE("workers that hang in turns before they are ready do not go on for ever", "[start]") {
  SharedStarts shared;
  Run run(most_impatient(notes_and_hangs));
  // The second begins when the first has hung for half its time.
  run.supervisor().add_worker();
  run.until([half = Clock::now() + std::chrono::milliseconds(50)] { return Clock::now() > half; });
  run.supervisor().add_worker();
  CHECK_THROWS_WITH(run.until([] { return false; }), ContainsSubstring("not ready in time"));
  CHECK(starts->count <= 2 + 3);
}

TEST_CASE("workers without memory to start break the pool", "[start]") {
  auto spawner = Spawner::create();
  Run run(impatient(obedient), spawner);
  struct rlimit none {
    4096, RLIM_INFINITY
  };
  prlimit(spawner->pid(), RLIMIT_AS, &none, nullptr);
  run.supervisor().add_worker();
  CHECK_THROWS_AS(run.until([] { return false; }), PoolBroken);
}

TEST_CASE("a worker that had work is not replaced without memory, and that is told", "[start]") {
  auto spawner = Spawner::create();
  Run run(impatient(obedient), spawner);
  run.add_ready(2);
  struct rlimit none {
    4096, RLIM_INFINITY
  };
  prlimit(spawner->pid(), RLIMIT_AS, &none, nullptr);
  run.supervisor().kill_worker(0);
  std::vector<std::string> warnings;
  run.until([&] {
    for (std::string& text : run.supervisor().take_warnings()) warnings.push_back(std::move(text));
    return !warnings.empty();
  });
  CHECK_THAT(warnings[0], ContainsSubstring("going on with 1"));
  CHECK(run.end_of(run.submit_to(1, "echo:x")).kind == Event::Kind::done);
  // The memory comes back, and with it the worker.
  struct rlimit plenty {
    RLIM_INFINITY, RLIM_INFINITY
  };
  prlimit(spawner->pid(), RLIMIT_AS, &plenty, nullptr);
  run.until_ready(0);
  CHECK(run.end_of(run.submit_to(0, "echo:x")).kind == Event::Kind::done);
}

TEST_CASE("deadlines do not count time in which nobody looked", "[start]") {
  Run run(most_impatient(obedient));
  run.supervisor().add_worker();
  run.supervisor().wait(Clock::duration{0});
  // Far longer than the worker may take, and long enough to count as an absence.
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  run.until_ready(0);
  CHECK(run.supervisor().take_warnings().empty());
  CHECK(run.end_of(run.submit_to(0, "echo:x")).kind == Event::Kind::done);
}

TEST_CASE("a broken supervisor stays broken", "[start]") {
  Run run(impatient(exits));
  run.supervisor().add_worker();
  CHECK_THROWS_AS(run.until([] { return false; }), PoolBroken);
  CHECK_THROWS_AS(run.supervisor().wait(Clock::duration{0}), PoolBroken);
  CHECK(run.supervisor().all_gone());
}

TEST_CASE("a job that always kills its worker never trips the start guard", "[start]") {
  Run run(impatient(obedient));
  run.add_ready(1);
  for (int i = 0; i < 30; ++i)
    REQUIRE(run.end_of(run.submit("signal:9")).kind == Event::Kind::lost);
  CHECK(run.ask("echo:x") == "x");
}

TEST_CASE("where some workers start, the others are a warning", "[start]") {
  SupervisorOptions options = impatient(only_first);
  Run run(options);
  for (int i = 0; i < 3; ++i) run.supervisor().add_worker();
  run.until_ready(0);
  std::vector<std::string> warnings;
  run.until([&] {
    for (std::string& text : run.supervisor().take_warnings()) warnings.push_back(std::move(text));
    return !warnings.empty();
  });
  CHECK_THAT(warnings[0], ContainsSubstring("going on with 1"));
  CHECK_THAT(warnings[0], ContainsSubstring("exited with 9"));
  CHECK(run.end_of(run.submit_to(0, "echo:x")).kind == Event::Kind::done);
}

TEST_CASE("a spawner without descriptors for a worker tells the cause", "[start]") {
  auto spawner = Spawner::create();
  Run run(impatient(obedient), spawner);
  run.add_ready(1);
  // Enough for its poll(2), too few for what comes with a worker.
  struct rlimit five {
    5, 5
  };
  prlimit(spawner->pid(), RLIMIT_NOFILE, &five, nullptr);
  run.supervisor().kill_worker(0);
  CHECK_THROWS_WITH(run.until([] { return false; }), ContainsSubstring("Too many open files"));
}

#ifndef __SANITIZE_ADDRESS__  // which needs descriptors itself to look at the exception
TEST_CASE("a host without descriptors for a worker tells the cause", "[start]") {
  bool told = passes_in_child([] {
    Run run(impatient(obedient));
    run.supervisor().add_worker();
    struct rlimit limit {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 4;
    setrlimit(RLIMIT_NOFILE, &limit);
    try {
      run.until([] { return false; });
    } catch (const PoolBroken& error) {
      return std::string(error.what()).find("Too many open files") != std::string::npos;
    }
    return false;
  });
  CHECK(told);
}
#endif

// Runs `body` as somebody for whom limits of processes hold, in a process of its own.
bool passes_as_nobody(const std::function<bool()>& body) {
  return passes_in_child([&] {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
      std::cerr << "NOT SHOWN: this process may not become another user" << std::endl;
      return true;
    }
    return body();
  });
}

struct rlimit limit_of_processes(const Spawner& spawner, rlim_t most) {
  struct rlimit before {};
  prlimit(spawner.pid(), RLIMIT_NPROC, nullptr, &before);
  struct rlimit limit {
    most, before.rlim_max
  };
  prlimit(spawner.pid(), RLIMIT_NPROC, &limit, nullptr);
  return before;
}

TEST_CASE("a fork that is refused ends with the cause", "[start]") {
  CHECK(passes_as_nobody([] {
    auto spawner = Spawner::create();
    limit_of_processes(*spawner, 1);
    Run run(impatient(obedient), spawner);
    run.supervisor().add_worker();
    try {
      run.until([] { return false; });
    } catch (const PoolBroken& error) {
      return std::string(error.what()).find("temporarily unavailable") != std::string::npos;
    }
    return false;
  }));
}

TEST_CASE("where the fork of a replacement is refused, the others go on, and that is told",
          "[start]") {
  CHECK(passes_as_nobody([] {
    auto spawner = Spawner::create();
    Run run(impatient(obedient), spawner);
    run.add_ready(2);
    rlim_t before = limit_of_processes(*spawner, 1).rlim_cur;
    run.supervisor().kill_worker(0);
    std::string warning;
    run.until([&] {
      for (const std::string& text : run.supervisor().take_warnings()) warning += text;
      return !warning.empty();
    });
    must(warning.find("temporarily unavailable; going on with 1") != std::string::npos,
         warning.c_str());
    must(run.end_of(run.submit_to(1, "echo:x")).kind == Event::Kind::done, "the other one works");
    limit_of_processes(*spawner, before);
    run.until_ready(0);
    return run.end_of(run.submit_to(0, "echo:x")).kind == Event::Kind::done;
  }));
}

}  // namespace
}  // namespace fetchpool::process
