#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <clocale>
#include <cstdio>
#include <ctime>
#include <thread>

#include "fetchpool/error.h"
#include "fetchpool/prepare.h"
#include "support/catch.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

// Threads that hold locks of the C library most of the time.
class BusyThreads {
 public:
  BusyThreads() {
    for (int kind = 0; kind < 4; ++kind) threads_.emplace_back([this, kind] { loop(kind); });
  }
  ~BusyThreads() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void loop(int kind) {
    FILE* null = std::fopen("/dev/null", "w");
    while (!stop_) {
      std::time_t now = std::time(nullptr);
      std::tm parts{};
      if (kind == 0) std::free(std::malloc(static_cast<std::size_t>(std::rand()) % 100'000));
      if (kind == 1) std::fprintf(null, "%d\n", std::rand());
      if (kind == 2) localtime_r(&now, &parts);
      if (kind == 3) std::fflush(nullptr);
    }
    std::fclose(null);
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

TEST_CASE("without prepare() a program with threads is told what to do", "[threads]") {
  BusyThreads threads;
  CHECK(Spawner::root() == nullptr);
  CHECK_THROWS_WITH(Spawner::create(), ContainsSubstring("prepare()"));
  CHECK_THROWS_AS(prepare(), Error);
}

TEST_CASE("after prepare() supervisors may be made beside threads", "[threads]") {
  prepare();
  prepare();
  REQUIRE(Spawner::root() != nullptr);
  CHECK(Spawner::obtain() == Spawner::root());
  BusyThreads threads;
  for (int i = 0; i < 100; ++i) {
    Run run(options_for(obedient));
    run.add_ready(2);
    REQUIRE(run.ask("echo:x") == "x");
    REQUIRE(run.end_of(run.submit("signal:9")).kind == Event::Kind::lost);
    REQUIRE(run.ask("size:100000").size() == 100'000);
  }
}

TEST_CASE("the spare takes over in a host full of held locks", "[threads]") {
  prepare();
  BusyThreads threads;
  auto spawner = Spawner::root();
  Run run(options_for(obedient), spawner);
  run.add_ready(2);
  for (int i = 0; i < 50; ++i) {
    pid_t worker = run.supervisor().pid(0);
    kill(spawner->pid(), SIGKILL);
    run.until_replaced(0, worker);
    REQUIRE(run.ask("size:100000").size() == 100'000);
  }
}

TEST_CASE("supervisors on several threads share the root spawner and survive its loss",
          "[threads]") {
  prepare();
  auto spawner = Spawner::root();
  std::atomic<int> fine{0};
  std::atomic<int> running{4};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      Run run(options_for(obedient), spawner);
      run.add_ready(1);
      for (int i = 0; i < 50; ++i) {
        std::string answer = run.ask("echo:x");
        fine += answer == "x" || answer == "LOST";
      }
      --running;
    });
  int kills = 0;
  while (running > 0) {
    pid_t serving = spawner->pid();
    if (kills < 10 && kill(serving, SIGKILL) == 0) ++kills;
    while (running > 0 && spawner->pid() == serving) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(fine == 200);
}

TEST_CASE("threads may be allowed", "[threads]") {
  std::atomic<bool> stop{false};
  std::thread thread([&] {
    while (!stop) std::free(std::malloc(100));
  });
  {
    Run run(options_for(obedient), Spawner::create({.allow_threads = true}));
    run.add_ready(1);
    CHECK(run.ask("echo:x") == "x");
  }
  stop = true;
  thread.join();
}

TEST_CASE("a worker may have workers of its own", "[threads]") {
  prepare();
  SupervisorOptions options = options_for([](WorkerLink& link) {
    if (Spawner::root()) return 1;
    prepare();
    Run inner(options_for(obedient));
    inner.add_ready(1);
    link.ready();
    auto frame = link.channel().next();
    while (!frame && link.channel().receive() > 0) frame = link.channel().next();
    link.channel().writer().add(ipc::FrameKind::done, frame->job,
                                std::string_view(inner.ask("echo:nested")));
    link.channel().flush();
    return 0;
  });
  Run run(options);
  run.add_ready(1);
  CHECK(run.ask("") == "nested");
}

}  // namespace
}  // namespace fetchpool::process
