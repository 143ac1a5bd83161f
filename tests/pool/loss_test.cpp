// Workers that die, and what that means for tasks.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "support/catch.h"
#include "support/temp_dir.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// Calls `use` with the WorkerLost that `result` ends with.
template <class Result, class Use>
void with_loss(const Result& result, Use use) {
  try {
    result.get();
    FAIL("no error");
  } catch (const WorkerLost& error) {
    use(error);
  }
}

TEST_CASE("X01 an idle worker that is killed is replaced, whichever it is", "[loss]") {
  Pool pool(3);
  for (std::size_t victim = 0; victim < 3; ++victim) {
    kill(pool.worker_pids()[victim], SIGKILL);
    CHECK(pool.map(square, numbers(100), {.chunksize = 1}) == squares(100));
  }
}

TEST_CASE("X02 all idle workers killed at once are replaced", "[loss]") {
  Pool pool(3);
  for (int pid : pool.worker_pids()) kill(pid, SIGKILL);
  CHECK(pool.map(square, numbers(100), {.chunksize = 1}) == squares(100));
  CHECK(pool.insights().workers_started >= 3);
}

int kill_self_at(int x, int victim) {
  if (x == victim) kill(getpid(), SIGKILL);
  return x * x;
}

TEST_CASE("X03 only the task that a killed worker ran fails, within 100 ms", "[loss]") {
  Pool pool(2);
  std::vector<std::pair<int, int>> all;
  for (int i = 0; i < 100; ++i) all.emplace_back(i, 41);
  // A machine with much else to do may hold one of them up.
  auto fastest = std::chrono::steady_clock::duration::max();
  for (std::size_t chunksize : {1, 7, 100, 7, 1}) {
    auto begin = std::chrono::steady_clock::now();
    auto outcomes = pool.starmap_async(kill_self_at, all, {.chunksize = chunksize}).results();
    fastest = std::min(fastest, std::chrono::steady_clock::now() - begin);
    int lost = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].ok()) {
        CHECK(*outcomes[i] == static_cast<int>(i * i));
        continue;
      }
      ++lost;
      try {
        std::rethrow_exception(outcomes[i].error());
      } catch (const WorkerLost& error) {
        CHECK(error.status() == ExitStatus::signaled(SIGKILL));
        CHECK(error.task() == i);
        CHECK(error.pid() > 0);
        CHECK_THAT(error.what(), ContainsSubstring("killed by SIGKILL"));
      }
    }
    // Those of the same chunk that ended in the same instant may have no answer, either.
    CHECK_FALSE(outcomes[41].ok());
    CHECK(lost <= static_cast<int>(chunksize));
    if (chunksize == 1) CHECK(lost == 1);
  }
  CHECK(fastest < 100ms);
}

int die_first_time(const std::string& mark, int value) {
  if (open(mark.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0) kill(getpid(), SIGKILL);
  return value;
}

TEST_CASE("X04 a task is tried again when its worker dies", "[loss]") {
  TempDir dir;
  Pool pool(2);
  CHECK(pool.apply({.attempts = 3}, die_first_time, dir.path() + "/mark", 5) == 5);
  CHECK(pool.insights().attempts_spent == 1);
}

TEST_CASE("X05 a task that always kills its worker fails after its attempts", "[loss]") {
  Pool pool(2);
  with_loss(pool.apply_async({.attempts = 3}, kill_self, int{SIGSEGV}),
            [](const WorkerLost& error) {
              CHECK(error.attempts() == 3);
              CHECK(error.status() == ExitStatus::signaled(SIGSEGV));
            });
  CHECK(pool.insights().attempts_spent == 3);
  CHECK(pool.apply(square, 3) == 9);
}

int die_later(int value) {
  // Killed by the alarm, after the answer was given.
  struct itimerval soon {};
  soon.it_value.tv_usec = 20'000;
  setitimer(ITIMER_REAL, &soon, nullptr);
  return value;
}

TEST_CASE("X06 an answer given before the worker died counts", "[loss]") {
  Pool pool(1);
  for (int i = 0; i < 20; ++i) {
    int pid = pool.worker_pids()[0];
    CHECK(pool.apply(die_later, i) == i);
    while (pool.worker_pids()[0] == pid) std::this_thread::yield();
  }
}

void note(const std::string& file, int number) {
  std::string line = std::to_string(number) + "\n";
  int fd = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  (void)!write(fd, line.data(), line.size());
  close(fd);
}

int note_and_die_at(const std::string& file, int number, int victim) {
  note(file, number);
  if (number == victim) kill(getpid(), SIGKILL);
  return number;
}

std::multiset<int> noted(const std::string& file) {
  std::ifstream in(file);
  return {std::istream_iterator<int>(in), std::istream_iterator<int>()};
}

TEST_CASE("X07 tasks that waited in a dead worker are run once each", "[loss]") {
  TempDir dir;
  std::string file = dir.path() + "/log";
  Pool pool(1);
  // Quick tasks first, so that many are sent ahead.
  pool.map(square, numbers(2000), {.chunksize = 1});
  std::vector<std::tuple<std::string, int, int>> all;
  for (int i = 0; i < 300; ++i) all.emplace_back(file, i, 100);
  std::size_t chunksize = GENERATE(1, 50, 300);
  auto outcomes = pool.starmap_async(note_and_die_at, all, {.chunksize = chunksize}).results();
  CHECK_FALSE(outcomes[100].ok());
  auto log = noted(file);
  for (int i = 0; i < 300; ++i) REQUIRE(log.count(i) == 1);
}

// Writes to the worker's channel whatever `text` is.
void write_to_channel(const std::string& text) {
  for (int fd = 3; fd < 100; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM)
      (void)!write(fd, text.data(), text.size());
  }
}

void write_garbage(int) {
  write_to_channel("this is no frame, and it is longer than the header of one");
  sleep_forever(0);
}

TEST_CASE("X08 X09 a worker that writes garbage is ended, and its task fails", "[loss]") {
  Pool pool(2);
  auto bad = pool.apply_async(write_garbage, 1);
  CHECK(pool.map(repeat, std::vector<int>(8, 1 << 20)).size() == 8);
  with_loss(bad, [](const WorkerLost& error) {
    CHECK_THAT(error.what(), ContainsSubstring("no answer"));
  });
  CHECK(pool.apply(square, 3) == 9);
}

std::string large_then_die(int size) {
  struct itimerval soon {};
  soon.it_value.tv_usec = 1000;
  setitimer(ITIMER_REAL, &soon, nullptr);
  return std::string(static_cast<std::size_t>(size), 'x');
}

TEST_CASE("X08 a worker that dies while it writes a large result harms nobody else", "[loss]") {
  Pool pool(2);
  for (int i = 0; i < 10; ++i) {
    auto torn = pool.apply_async(large_then_die, 256 << 20);
    auto whole = pool.apply_async(repeat, 8 << 20);
    CHECK(whole.get().size() == 8 << 20);
    CHECK_THROWS_AS(torn.get(), WorkerLost);
  }
}

TEST_CASE("exit, _exit and abort in a task end as a lost worker with its code", "[loss]") {
  Pool pool(1);
  with_loss(pool.apply_async(leave_by_exit, 3),
            [](const WorkerLost& error) { CHECK(error.status() == ExitStatus::exited(3)); });
  with_loss(pool.apply_async(leave_by_exit_now, 4),
            [](const WorkerLost& error) { CHECK(error.status() == ExitStatus::exited(4)); });
  with_loss(pool.apply_async([](int) { std::abort(); }, 1), [](const WorkerLost& error) {
    CHECK(error.status() == ExitStatus::signaled(SIGABRT));
  });
  CHECK(pool.apply(square, 3) == 9);
}

int fork_and_return_twice(int x) {
  return fork() == 0 ? -x : x;
}

TEST_CASE("a task that forks and returns twice answers once", "[loss]") {
  Pool pool(1);
  for (int i = 1; i < 20; ++i) REQUIRE(pool.apply(fork_and_return_twice, i) == i);
  CHECK(pool.map(fork_and_return_twice, numbers(20), {.chunksize = 5}) == numbers(20));
}

int close_everything(int x) {
  for (int fd = 0; fd < 1000; ++fd) close(fd);
  return x;
}

TEST_CASE("a task that closes all descriptors loses its worker only", "[loss]") {
  Pool pool(2);
  auto bad = pool.apply_async(close_everything, 1);
  CHECK(pool.apply(square, 3) == 9);
  CHECK_THROWS_AS(bad.get(), WorkerLost);
  CHECK(pool.apply(square, 4) == 16);
}

TEST_CASE("a task that runs too long ends with TaskTimeout, counted from its start", "[loss]") {
  Pool pool(1);
  auto before = pool.apply_async(sleep_ms, 300);
  auto slow = pool.apply_async({.task_timeout = 200ms}, sleep_ms, 60'000);
  auto quick = pool.apply_async({.task_timeout = 200ms}, slow_square, 3, 50);
  before.get();
  CHECK_THROWS_AS(slow.get(), TaskTimeout);
  CHECK(quick.get() == 9);
  auto outcomes =
      pool.map_async(sleep_ms, std::vector<int>{1, 60'000, 1}, {.task_timeout = 100ms}).results();
  CHECK(outcomes[0].ok());
  CHECK_THROWS_WITH(outcomes[1].value(), "task 1 ran for longer than 0.1 s");
  CHECK(outcomes[2].ok());
}

TEST_CASE("a timeout within a chunk is that of one element", "[loss]") {
  Pool pool(1);
  auto result = pool.map_async(sleep_ms, std::vector<int>{60, 60, 60, 60'000, 60},
                               {.task_timeout = 200ms, .chunksize = 5});
  auto outcomes = result.results();
  for (std::size_t i = 0; i < 5; ++i) CHECK(outcomes[i].ok() == (i != 3));
  CHECK_THROWS_AS(outcomes[3].value(), TaskTimeout);
}

TEST_CASE("what waits can be cancelled, what runs only on request", "[loss]") {
  Signal signal;
  Pool pool(1);
  auto running = pool.apply_async(announce_and_sleep, signal.fd(), 60'000);
  auto waiting = pool.apply_async(square, 3);
  signal.wait();
  CHECK_FALSE(running.cancel());
  CHECK(waiting.cancel());
  CHECK_THROWS_AS(waiting.get(), TaskCancelled);
  CHECK_FALSE(waiting.cancel());
  CHECK(running.cancel(true));
  CHECK_THROWS_AS(running.get(), TaskCancelled);
  CHECK(pool.apply(square, 3) == 9);
}

TEST_CASE("fail_fast cancels what has not begun", "[loss]") {
  Pool pool(1);
  auto second_fails = [](int x) {
    if (x == 1) throw std::runtime_error("second");
    sleep_ms(20);
    return x;
  };
  auto outcomes =
      pool.map_async(second_fails, numbers(500), {.chunksize = 1, .fail_fast = true}).results();
  CHECK(outcomes[0].ok());
  CHECK_THROWS_WITH(outcomes[1].value(), "second");
  CHECK_THROWS_AS(outcomes[499].value(), TaskCancelled);
}

TEST_CASE("a task does not wait behind a slow one while another worker is idle", "[loss]") {
  Pool pool(2);
  pool.map(square, numbers(5000), {.chunksize = 1});
  std::vector<ApplyResult<void>> slow;
  auto begin = std::chrono::steady_clock::now();
  slow.push_back(pool.apply_async(sleep_ms, 2000));
  std::vector<ApplyResult<int>> quick;
  for (int i = 0; i < 100; ++i) quick.push_back(pool.apply_async(square, i));
  for (auto& each : quick) each.get();
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
}

TEST_CASE("a lost spawner spends an attempt of what had begun, nothing else", "[loss]") {
  Signal signal;
  Pool pool(1);
  auto started = pool.apply_async(announce_and_sleep, signal.fd(), 60'000);
  auto waiting = pool.apply_async(square, 3);
  auto parent_of_worker = [](int pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    int parent = 0;
    stat >> number >> name >> state >> parent;
    return parent;
  };
  signal.wait();
  kill(parent_of_worker(pool.worker_pids()[0]), SIGKILL);
  with_loss(started, [](const WorkerLost& error) { CHECK(error.spawner_lost()); });
  CHECK(waiting.get() == 9);
}

}  // namespace
}  // namespace fetchpool::test
