#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "fetchpool/error.h"
#include "fetchpool/prepare.h"
#include "process/busy_threads.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

using test::rounds_of;

// What prepare() makes lives as long as the process, so these tests have one of their own.

std::atomic<int> ticks{0};

// Answers each job with what the counter was when its memory was copied.
int tells_ticks(WorkerLink& link) {
  link.ready();
  ipc::Channel& channel = link.channel();
  for (;;) {
    while (auto frame = channel.next()) {
      if (frame->kind == ipc::FrameKind::stop) return 0;
      channel.writer().add(ipc::FrameKind::done, frame->job, std::to_string(ticks));
      channel.flush();
    }
    if (channel.receive() == 0 && channel.at_end()) return 0;
  }
}

TEST_CASE("where threads are allowed, the spare has the memory of its spawner", "[threads]") {
  CHECK(passes_in_child([] {
    std::atomic<bool> stop{false};
    std::thread ticking([&stop] {
      while (!stop) ++ticks;
    });
    {
      auto spawner = Spawner::create({.allow_threads = true});
      Run run(options_for(tells_ticks), spawner);
      run.add_ready(1);
      std::string before = run.ask("");
      pid_t worker = run.supervisor().pid(0);
      kill(spawner->pid(), SIGKILL);
      run.until_replaced(0, worker);
      must(run.ask("") == before, "the worker of the spare has the same memory");
    }
    stop = true;
    ticking.join();
    return true;
  }));
}

TEST_CASE("without prepare() a program with threads is told what to do", "[threads]") {
  BusyThreads threads;
  CHECK(Spawner::root() == nullptr);
  CHECK_THROWS_WITH(Spawner::create(), ContainsSubstring("prepare()"));
  CHECK_THROWS_WITH(Spawner::obtain(), ContainsSubstring("prepare()"));
  CHECK_THROWS_AS(prepare(), Error);
}

TEST_CASE("after prepare() supervisors may be made beside threads", "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    prepare();
    must(Spawner::root() != nullptr, "there is a root spawner");
    must(Spawner::obtain() == Spawner::root(), "the root spawner is used");
    BusyThreads threads;
    for (int i = 0; i < rounds_of(1000); ++i) {
      Run run(options_for(obedient));
      run.add_ready(2);
      must(run.ask("echo:x") == "x", "a worker answers");
      must(run.ask("size:100000").size() == 100'000, "a large answer is whole");
    }
    return true;
  }));
}

TEST_CASE("workers are replaced beside threads", "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    BusyThreads threads;
    Run run(options_for(obedient));
    run.add_ready(2);
    for (int i = 0; i < rounds_of(1000); ++i) {
      pid_t worker = run.supervisor().pid(i % 2);
      JobId job = run.submit_to(i % 2, i % 3 == 0 ? "exit:1" : "signal:9");
      must(run.end_of(job).kind == Event::Kind::lost, "the job is lost");
      run.until_replaced(i % 2, worker);
      must(run.end_of(run.submit_to(i % 2, "echo:x")).kind == Event::Kind::done, "answered");
    }
    return true;
  }));
}

TEST_CASE("the spare takes over in a host full of held locks", "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    BusyThreads threads;
    auto spawner = Spawner::root();
    Run run(options_for(obedient), spawner);
    run.add_ready(2);
    for (int i = 0; i < rounds_of(1000); ++i) {
      pid_t worker = run.supervisor().pid(0);
      pid_t spare = spawner->spare_pid();
      JobId running = run.submit_to(0, "hang:");
      JobId behind = run.submit_to(0, "echo:x");
      run.supervisor().send();
      kill(spawner->pid(), SIGKILL);
      run.until_replaced(0, worker);
      must(spawner->pid() == spare, "the spare serves");
      must(spawner->spare_pid() != spare, "there is a new spare");
      must(run.ends().at(running).size() == 1 && run.ends().at(behind).size() == 1,
           "every job ends once");
      must(run.ask("size:100000").size() == 100'000, "a worker answers");
    }
    must(run.supervisor().outstanding() == 0, "nothing is left to do");
    return true;
  }));
}

// Kills the spawner so many times, up to 3 ms after the spare was there.
void kill_at_random(const Spawner& spawner, int times, unsigned seed) {
  std::mt19937 random(seed);
  pid_t killed = 0;
  for (int i = 0; i < times; ++i) {
    while (spawner.pid() == killed || spawner.spare_pid() <= 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    killed = spawner.pid();
    kill(killed, SIGKILL);
  }
}

TEST_CASE("at whatever instant the spawner is lost, the spare takes over", "[threads]") {
  unsigned seed = test::new_seed();
  CHECK(passes_in_child([seed] {
    prepare();
    BusyThreads threads;
    auto spawner = Spawner::root();
    Run run(options_for(obedient), spawner);
    run.add_ready(2);
    std::atomic<bool> is_over{false};
    std::thread killer([&] {
      kill_at_random(*spawner, rounds_of(1000), seed);
      is_over = true;
    });
    int lost = 0;
    while (!is_over) {
      std::vector<JobId> jobs;
      for (const char* request : {"size:100000", "echo:x", "echo:y"})
        jobs.push_back(run.submit(request));
      for (JobId job : jobs) lost += run.end_of(job).kind == Event::Kind::lost ? 1 : 0;
      for (JobId job : jobs) must(run.ends().at(job).size() == 1, "every job ends once");
    }
    killer.join();
    // The last loss may show only now.
    std::string answer = "LOST";
    while (answer == "LOST") answer = run.ask("echo:x");
    must(answer == "x", "a worker answers");
    // With a sanitizer the next kill may come before the workers are there again.
    must(lost > 0 || test::is_sanitized(), "jobs were under way");
    must(run.supervisor().outstanding() == 0, "nothing is left to do");
    return true;
  }));
}

// Four threads ask 50 times each, on one spawner that is killed ten times; how many answers were
// what they should be.
int ask_on_four_threads(const std::shared_ptr<Spawner>& spawner) {
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
  return fine;
}

TEST_CASE("supervisors on several threads share the root spawner and survive its loss",
          "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    return ask_on_four_threads(Spawner::root()) == 200;
  }));
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

// A worker that has a worker of its own answer.
int nesting(WorkerLink& link) {
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
}

TEST_CASE("a worker may have workers of its own", "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    Run run(options_for(nesting));
    run.add_ready(1);
    return run.ask("") == "nested";
  }));
}

}  // namespace
}  // namespace fetchpool::process
