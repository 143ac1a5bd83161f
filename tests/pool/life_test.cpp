// The life of a pool and of its workers.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/posix.h"
#include "fetchpool/prepare.h"
#include "support/catch.h"
#include "support/command.h"
#include "support/processes.h"
#include "support/run_length.h"
#include "support/temp_dir.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("P21 terminate ends what runs for ever", "[life]") {
  Pool pool(3);
  auto result = pool.map_async(sleep_forever, numbers(10000), {.chunksize = 1});
  auto begin = std::chrono::steady_clock::now();
  pool.terminate();
  pool.join();
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  CHECK_THROWS_AS(result.get(), PoolTerminated);
}

TEST_CASE("P30 a pool that is dropped while it runs leaves nothing", "[life]") {
  std::optional<ApplyResult<void>> result;
  {
    Pool pool(2);
    result.emplace(pool.apply_async(sleep_forever, 1));
  }
  CHECK(result->ready());
  CHECK_THROWS_AS(result->get(), PoolTerminated);
  CHECK_FALSE(result->cancel(true));
}

TEST_CASE("P33 workers are replaced after max_tasks_per_child tasks", "[life]") {
  Pool pool({.processes = 3, .max_tasks_per_child = 10});
  std::map<int, int> tasks;
  for (int pid : pool.map(own_pid, numbers(100), {.chunksize = 1})) ++tasks[pid];
  CHECK(tasks.size() >= 10);
  for (auto [pid, count] : tasks) CHECK(count <= 10);
}

TEST_CASE("P34 a pool whose workers run one task each can be closed early", "[life]") {
  Pool pool({.processes = 3, .max_tasks_per_child = 1});
  std::vector<ApplyResult<int>> results;
  for (int i = 0; i < 6; ++i) results.push_back(pool.apply_async(slow_square, i, 100));
  pool.close();
  pool.join();
  for (int i = 0; i < 6; ++i) CHECK(results[static_cast<std::size_t>(i)].get() == i * i);
}

TEST_CASE("P35 options that make no sense are refused", "[life]") {
  CHECK_THROWS_AS(Pool({.max_tasks_per_child = -1}), Error);
  CHECK_THROWS_AS(Pool({.attempts = 0}), Error);
  CHECK_THROWS_AS(Pool({.task_timeout = -1s}), Error);
}

void append_mark(const std::string& file) {
  int fd = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  (void)!write(fd, "x", 1);
  close(fd);
}

std::string content(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("P37 the initializer runs once in every worker, tasks or not", "[life]") {
  TempDir dir;
  std::string file = dir.path() + "/log";
  Pool pool({.processes = 1, .initializer = {append_mark, file}});
  pool.close();
  pool.join();
  CHECK(content(file) == "x");
}

int worker_state = 0;

TEST_CASE("an initializer sets up its worker, and the exit function's results are collected",
          "[life]") {
  Pool pool({.processes = 2,
             .initializer = {[](int start) { worker_state = start; }, 100},
             .on_exit = [] { return worker_state; }});
  auto count = [](int) { return ++worker_state; };
  for (int state : pool.map(count, numbers(50), {.chunksize = 1})) CHECK(state > 100);
  pool.drain();
  auto states = pool.exit_results<int>();
  REQUIRE(states.size() == 2);
  CHECK(states[0] + states[1] == 250);
  CHECK(worker_state == 0);
}

TEST_CASE("insights tell how long workers started, waited and worked, and what was slowest",
          "[life]") {
  Pool pool({.processes = 2, .initializer = {sleep_ms, 30}});
  pool.worker_pids();
  std::vector<int> times(20, 1);
  times[13] = 60;
  times[7] = 40;
  pool.map(sleep_ms, times, {.chunksize = 1});
  PoolInsights seen = pool.insights();
  REQUIRE(seen.workers.size() == 2);
  std::uint64_t tasks = 0;
  std::chrono::nanoseconds work{0};
  for (const auto& worker : seen.workers) {
    CHECK(worker.pid > 0);
    CHECK(worker.init >= 30ms);
    CHECK(worker.start >= worker.init);
    CHECK(worker.wait >= 0ms);
    CHECK(worker.elements == worker.tasks);
    tasks += worker.tasks;
    work += worker.work;
  }
  CHECK(tasks == 20);
  CHECK(work >= 118ms);
  CHECK(seen.workers_started == 2);
  REQUIRE(seen.slowest.size() == 5);
  CHECK(std::is_sorted(seen.slowest.begin(), seen.slowest.end(),
                       [](const auto& a, const auto& b) { return a.took > b.took; }));
  // On a busy machine others may take as long by chance.
  auto took = [&seen](std::size_t element) {
    auto is_it = [element](const auto& task) { return task.first == element; };
    auto found = std::find_if(seen.slowest.begin(), seen.slowest.end(), is_it);
    return found == seen.slowest.end() ? 0ns : found->took;
  };
  CHECK(took(13) >= 60ms);
  CHECK(took(7) >= 40ms);
}

TEST_CASE("a task knows the number of its worker", "[life]") {
  Pool pool(3);
  CHECK(worker_id() == -1);
  for (int id : pool.map([](int) { return worker_id(); }, numbers(100), {.chunksize = 1})) {
    CHECK(id >= 0);
    CHECK(id < 3);
  }
}

void throw_always(int) {
  throw std::runtime_error("no licence");
}

TEST_CASE("X11 an initializer that always throws ends all tasks with its text", "[life]") {
  auto begin = std::chrono::steady_clock::now();
  Pool pool({.processes = 4, .initializer = {throw_always, 1}});
  std::vector<ApplyResult<int>> results;
  for (int i = 0; i < 10; ++i) results.push_back(pool.apply_async(square, i));
  for (auto& result : results) {
    CHECK_THROWS_AS(result.get(), InitializerError);
    CHECK_THROWS_WITH(result.get(), ContainsSubstring("no licence"));
  }
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
  CHECK_THROWS_AS(pool.apply(square, 1), InitializerError);
  pool.close();
  pool.join();
}

int use_a_pool(int count) {
  Pool inner(2);
  int sum = 0;
  for (int value : inner.map(square, numbers(count))) sum += value;
  inner.close();
  inner.join();
  return sum;
}

TEST_CASE("P39 a pool works inside a task", "[life]") {
  Pool pool(2);
  CHECK(pool.map(use_a_pool, std::vector<int>{7, 7}) == std::vector<int>{91, 91});
}

int nest(int depth) {
  if (depth == 0) return 1;
  Pool inner(1);
  return 1 + inner.apply(nest, depth - 1);
}

TEST_CASE("P42 pools nest five levels deep", "[life]") {
  Pool pool(1);
  CHECK(pool.apply(nest, 4) == 5);
}

int print(int x) {
  std::printf("task %d\n", x);
  return x;
}

// Runs in a child with stdout in a file; returns what was written.
template <class Body>
std::string output_of(Body body) {
  TempDir dir;
  std::string file = dir.path() + "/out";
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    int fd = open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    dup2(fd, 1);
    body();
    std::fflush(nullptr);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return content(file);
}

TEST_CASE("P40 text buffered before the fork and in tasks is written once", "[life]") {
  std::string out = output_of([] {
    std::printf("before\n");
    Pool pool(2);
    pool.map(print, numbers(3), {.chunksize = 1});
    pool.apply_async(sleep_forever, 1);
  });
  for (const char* line : {"before\n", "task 0\n", "task 1\n", "task 2\n"}) {
    auto at = out.find(line);
    CHECK(at != std::string::npos);
    CHECK(out.find(line, at + 1) == std::string::npos);
  }
}

void do_nothing(int) {}

std::string same(const std::string& text) {
  return text;
}

std::string signalled(const std::string& text) {
  struct sigaction action {};
  action.sa_handler = do_nothing;
  sigaction(SIGUSR1, &action, nullptr);
  std::atomic<bool> stop = false;
  pthread_t self = pthread_self();
  std::thread sender([&] {
    while (!stop) pthread_kill(self, SIGUSR1);
  });
  std::string copy = same(text);
  stop = true;
  sender.join();
  return copy;
}

TEST_CASE("P41 signals while large messages travel do no harm", "[life]") {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = do_nothing;
  Pool pool(2);
  sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> stop = false;
  auto pids = pool.worker_pids();
  pool.apply(signalled, "handlers are set in the worker");
  std::thread sender([&, self = pthread_self()] {
    while (!stop) pthread_kill(self, SIGUSR1);
  });
  std::string text(32 << 20, 'y');
  for (int i = 0; i < 5; ++i) CHECK((pool.apply(signalled, text) == text));
  stop = true;
  sender.join();
  sigaction(SIGUSR1, &before, nullptr);
}

std::set<std::string> open_sockets(int) {
  std::set<std::string> sockets;
  for (int fd = 3; fd < 256; ++fd) {
    char target[128] = {};
    std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(link.c_str(), target, sizeof target - 1) > 0 &&
        std::string(target).rfind("socket:", 0) == 0)
      sockets.insert(target);
  }
  return sockets;
}

TEST_CASE("P43 a worker has its own channel and no other", "[life]") {
  Pool pool(3);
  pool.worker_pids();
  for (const auto& sockets : pool.map(open_sockets, numbers(6), {.chunksize = 1}))
    CHECK(sockets.size() == 1);
}

TEST_CASE("a worker has nothing of another pool, which may have been made before", "[life]") {
  Pool first(2);
  first.worker_pids();
  auto of_first = first.apply(open_sockets, 0);
  Pool second({.processes = 2, .allow_threads = true});
  auto of_second = second.apply(open_sockets, 0);
  CHECK(of_first.size() == 1);
  CHECK(of_second.size() == 1);
  CHECK(of_first != of_second);
}

TEST_CASE("P44 a pool cannot be copied", "[life]") {
  CHECK_FALSE(std::is_copy_constructible_v<Pool>);
  CHECK_FALSE(std::is_copy_assignable_v<Pool>);
}

TEST_CASE("a child that the host forks may drop its copy of the pool", "[life]") {
  auto pool = std::make_unique<Pool>(2);
  auto result = pool->apply_async(slow_square, 3, 50);
  pid_t child = fork();
  if (child == 0) {
    pool.reset();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(result.get() == 9);
}

#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
TEST_CASE("P28 neither arguments nor results are kept", "[life]") {
  Pool pool(2);
  auto before = resident_memory(getpid());
  for (int i = 0; i < 20; ++i) CHECK(pool.apply(same, std::string(8 << 20, 'x')).size() == 8 << 20);
  CHECK(resident_memory(getpid()) < before + (64 << 20));
}
#endif

TEST_CASE("join with a timeout says whether it has come to that", "[life]") {
  Pool pool(1);
  auto result = pool.apply_async(sleep_ms, 200);
  pool.close();
  CHECK_FALSE(pool.join(10ms));
  CHECK(pool.join(10s));
  CHECK(result.ready());
}

TEST_CASE("X14 workers outlive the thread that made their pool", "[life]") {
  std::unique_ptr<Pool> pool;
  std::thread([&] {
    pool = std::make_unique<Pool>(PoolOptions{.processes = 2, .allow_threads = true});
  }).join();
  auto pids = pool->worker_pids();
  CHECK(pool->map(square, numbers(100)) == squares(100));
  CHECK(pool->worker_pids() == pids);
}

TEST_CASE("X15 workers can be replaced while threads hold locks", "[life]") {
  CHECK(passes_in_child([] {
    prepare();
    std::atomic<bool> stop = false;
    std::thread busy([&] {
      while (!stop) {
        std::fflush(nullptr);
        std::string noise(1000, 'x');
      }
    });
    bool same = false;
    {
      Pool pool({.processes = 2, .max_tasks_per_child = 1});
      int count = shorter_if_sanitized(1000);
      same = pool.map(square, numbers(count), {.chunksize = 1}) == squares(count);
    }
    stop = true;
    busy.join();
    return same;
  }));
}

TEST_CASE("X19 a pool with full channels both ways goes at once", "[life]") {
  std::vector<ApplyResult<std::string>> results;
  auto begin = std::chrono::steady_clock::now();
  {
    Pool pool(2);
    std::string large(16 << 20, 'x');
    for (int i = 0; i < 4; ++i) results.push_back(pool.apply_async(same, large));
    for (int i = 0; i < 1000; ++i) results.push_back(pool.apply_async(same, "small"));
    begin = std::chrono::steady_clock::now();
  }
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  for (auto& result : results) CHECK(result.ready());
}

void make_pools(int count) {
  for (int i = 0; i < count; ++i) {
    Pool pool(2);
    REQUIRE(pool.apply(square, i) == i * i);
    if (i % 2) pool.drain();
  }
}

TEST_CASE("X20 making, using and destroying pools grows nothing", "[life][endings]") {
  make_pools(20);
  std::vector<int> descriptors = posix::open_descriptors();
  std::size_t memory = resident_memory(getpid());
  make_pools(is_long_run() ? 1000 : shorter_if_sanitized(200));
  CHECK(posix::open_descriptors() == descriptors);
  if (!is_sanitized()) CHECK(resident_memory(getpid()) <= memory + (1 << 20));
}

int sometimes_throw(int x) {
  if (x % 17 == 0) throw std::runtime_error(std::to_string(x));
  return x;
}

TEST_CASE("X21 10,000 tasks, workers of seven tasks each, and exceptions", "[life]") {
  Pool pool({.processes = 4, .max_tasks_per_child = 7});
  const int count = shorter_if_sanitized(10'000);
  auto outcomes = pool.map_async(sometimes_throw, numbers(count), {.chunksize = 1}).results();
  for (int i = 0; i < count; ++i)
    REQUIRE(outcomes[static_cast<std::size_t>(i)].ok() == (i % 17 != 0));
  pool.drain();
}

TEST_CASE("X22 closing one of two pools ends its workers", "[life]") {
  Pool first(2);
  Pool second({.processes = 2, .allow_threads = true});
  first.worker_pids();
  second.worker_pids();
  auto pids = first.worker_pids();
  first.drain();
  for (int pid : pids) CHECK(kill(pid, 0) != 0);
  CHECK(second.apply(square, 3) == 9);
}

TEST_CASE("X24 a host that ignores SIGCHLD, or waits for all children, breaks nothing", "[life]") {
  auto before = signal(SIGCHLD, SIG_IGN);
  {
    Pool pool(2);
    for (int i = 0; i < 20; ++i) {
      CHECK_THROWS_AS(pool.apply(kill_self, int{SIGKILL}), WorkerLost);
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      CHECK(pool.apply(square, i) == i * i);
    }
  }
  signal(SIGCHLD, before);
}

TEST_CASE("many threads submit to one pool", "[life]") {
  Pool pool(2);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&pool, &right, t] {
      for (int i = 0; i < 200; ++i)
        if (pool.apply(multiply, t, i) == t * i) ++right;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 1600);
}

}  // namespace
}  // namespace fetchpool::test
