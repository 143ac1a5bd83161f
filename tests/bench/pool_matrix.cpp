// What becomes of the Pool where other pools hang, lose tasks or leave processes behind: one line a
// row, two workers. Exits with 1 where a row is not as promised; a hang ends it by SIGALRM.
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "fetchpool/pool.h"
#include "fetchpool/prepare.h"

namespace {

using namespace std::chrono_literals;
using fetchpool::Pool;
using Clock = std::chrono::steady_clock;

// Promised are 100 ms; a machine with much else to do gets more.
constexpr auto kLongestReport = 2s;

// Memory that this program and its workers write.
struct Board {
  std::atomic<std::int64_t> died_at{0};
  std::atomic<int> initializer_runs{0};
};
Board* board = nullptr;
// Workers say here that they run, and wait here until they may go on.
int begun[2];
int release[2];

struct Result {
  std::string text;
  bool is_good = false;
};

int square(int x) {
  return x * x;
}

int kill_self(int) {
  board->died_at = Clock::now().time_since_epoch().count();
  kill(getpid(), SIGKILL);
  return 0;
}

std::string milliseconds(Clock::duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms",
                std::chrono::duration<double, std::milli>(time).count());
  return text;
}

// Some processes, whoever their parents are.
class Watched {
 public:
  explicit Watched(const std::vector<int>& pids) {
    for (int pid : pids)
      ends_.push_back({static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0});
  }
  ~Watched() {
    for (const pollfd& end : ends_) close(end.fd);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Waits until all have ended, at most `limit`; how many have not.
  std::size_t left_after(Clock::duration limit) {
    auto deadline = Clock::now() + limit;
    std::size_t left = 0;
    for (pollfd& end : ends_) {
      auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (poll(&end, 1, static_cast<int>(std::max<decltype(rest)>(rest, 0))) != 1) ++left;
    }
    return left;
  }

 private:
  std::vector<pollfd> ends_;
};

// A WorkerLost with what the worker ended by.
template <class Use>
Result expect_lost(Pool& pool, Use start, const std::string& by) {
  try {
    start(pool).get();
  } catch (const fetchpool::WorkerLost& lost) {
    bool names_it = std::string(lost.what()).find(by) != std::string::npos;
    return {"WorkerLost (" + by + ")", names_it && pool.apply(square, 3) == 9};
  }
  return {"no error", false};
}

Result task_kills_worker() {
  Pool pool(2);
  auto neighbour = pool.apply_async(
      [](int x) {
        char byte = 0;
        return read(release[0], &byte, 1) == 1 ? x : -1;
      },
      4);
  Result result = expect_lost(
      pool, [](Pool& p) { return p.apply_async(kill_self, 1); }, "killed by SIGKILL");
  // The next one is measured, beside a task that runs.
  Clock::duration took{};
  try {
    pool.apply(kill_self, 1);
  } catch (const fetchpool::WorkerLost&) {
    took = Clock::now().time_since_epoch() - Clock::duration(board->died_at);
  }
  result.text += " after " + milliseconds(took);
  (void)!write(release[1], "x", 1);
  result.is_good = result.is_good && took.count() > 0 && took < kLongestReport &&
                   neighbour.get() == 4 && pool.apply(square, 5) == 25;
  return result;
}

Result neighbours() {
  Pool pool(2);
  auto lost = pool.apply_async(kill_self, 1);
  auto neighbour = pool.apply_async(square, 4);
  bool ok = neighbour.get() == 16;
  lost.wait();
  ok = ok && pool.apply(square, 5) == 25;
  return {"ok / ok", ok};
}

Result idle_worker_killed() {
  int bad = 0;
  for (std::size_t run = 0; run < 6; ++run) {
    Pool pool(2);
    kill(pool.worker_pids()[run % 2], SIGKILL);
    auto one = pool.apply_async(square, 2);
    auto two = pool.apply_async(square, 3);
    if (one.get() != 4 || two.get() != 9) ++bad;
  }
  return {std::to_string(bad) + " of 6 runs lost one", bad == 0};
}

Result all_idle_killed() {
  Pool pool(2);
  for (int pid : pool.worker_pids()) kill(pid, SIGKILL);
  return {"ok", pool.apply(square, 3) == 9};
}

Result exits() {
  Pool pool(2);
  return expect_lost(
      pool,
      [](Pool& p) {
        return p.apply_async(
            [](int code) {
              std::exit(code);
              return 0;
            },
            5);
      },
      "exited with 5");
}

Result exits_at_once() {
  Pool pool(2);
  return expect_lost(
      pool,
      [](Pool& p) {
        return p.apply_async(
            [](int code) {
              _exit(code);
              return 0;
            },
            3);
      },
      "exited with 3");
}

struct TwoArguments : std::runtime_error {
  TwoArguments(int number, const std::string& what) : std::runtime_error(what), code(number) {}
  int code;
};

Result odd_exception() {
  Pool pool(2);
  bool delivered = false;
  try {
    pool.apply([](int x) -> int { throw TwoArguments(x, "of two arguments"); }, 1);
  } catch (const fetchpool::RemoteError& error) {
    delivered = std::string(error.what()) == "of two arguments";
  }
  return {"delivered; later ok", delivered && pool.apply(square, 3) == 9};
}

Result failing_initializer() {
  fetchpool::PoolOptions options;
  options.processes = 2;
  options.initializer = [] {
    ++board->initializer_runs;
    throw std::runtime_error("no database");
  };
  Pool pool(options);
  bool told = false;
  try {
    pool.apply(square, 3);
  } catch (const fetchpool::InitializerError& error) {
    told = std::string(error.what()).find("no database") != std::string::npos;
  }
  // Broken is for ever: no further worker is started.
  pool.close();
  pool.join();
  int runs = board->initializer_runs;
  return {std::to_string(runs) + ", then InitializerError", told && runs <= 8};
}

struct Unserializable {
  std::string text;
  template <class Archive>
  void save(Archive&) const {
    throw std::runtime_error("not to be sent");
  }
  template <class Archive>
  void load(Archive&) {}
};

Result unserializable_argument() {
  Pool pool(2);
  bool thrown = false;
  try {
    pool.map([](const Unserializable&) { return 1; }, std::vector<Unserializable>(10));
  } catch (const std::runtime_error& error) {
    thrown = std::string(error.what()) == "not to be sent";
  }
  return {"its exception, at the call", thrown && pool.apply(square, 3) == 9};
}

int sum_in_own_pool(int count) {
  Pool inner(2);
  int sum = 0;
  for (int value : inner.map(square, std::vector<int>(static_cast<std::size_t>(count), 2)))
    sum += value;
  return sum;
}

Result nested() {
  Pool pool(2);
  return {"works", pool.apply(sum_in_own_pool, 4) == 16};
}

// This program again as a host, in a group of its own: `busy` or `idle`.
class Host {
 public:
  explicit Host(const char* what) {
    int fds[2];
    if (pipe(fds) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      dup2(fds[1], 1);
      execl("/proc/self/exe", "pool_matrix", what, nullptr);
      _exit(127);
    }
    close(fds[1]);
    FILE* output = fdopen(fds[0], "r");
    std::vector<int> pids(2);
    for (int& pid : pids)
      if (std::fscanf(output, "%d", &pid) != 1) std::abort();
    std::fclose(output);
    workers_.emplace(pids);
  }
  // Sends the signal and waits for the end; how long that took.
  Clock::duration end_by(int signal, bool group) {
    auto begin = Clock::now();
    kill(group ? -pid_ : pid_, signal);
    waitpid(pid_, nullptr, 0);
    return Clock::now() - begin;
  }
  Watched& workers() { return *workers_; }

 private:
  pid_t pid_ = 0;
  std::optional<Watched> workers_;
};

void run_for_ever(int) {
  (void)!write(begun[1], "x", 1);
  for (;;) pause();
}

int run_host(bool is_busy) {
  Pool pool(2);
  auto pids = pool.worker_pids();
  std::vector<fetchpool::ApplyResult<void>> running;
  for (int i = 0; is_busy && i < 2; ++i) {
    running.push_back(pool.apply_async(run_for_ever, i));
    char byte = 0;
    if (read(begun[0], &byte, 1) != 1) return 1;
  }
  std::printf("%d %d\n", pids[0], pids[1]);
  std::fflush(stdout);
  for (const auto& each : running) each.wait();
  for (;;) pause();
}

Result interrupted() {
  Host host("busy");
  auto took = host.end_by(SIGINT, true);
  return {milliseconds(took), took < 1s && host.workers().left_after(3s) == 0};
}

Result host_killed(const char* what) {
  Host host(what);
  host.end_by(SIGKILL, false);
  auto begin = Clock::now();
  auto left = host.workers().left_after(3s);
  return {std::to_string(left) + "/2 (gone after " + milliseconds(Clock::now() - begin) + ")",
          left == 0};
}

// Numbers from 0 on; knows how many were asked for.
class CountedInput {
 public:
  explicit CountedInput(int count) : count_(count) {}
  int read() const { return read_; }

  class Iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(CountedInput& input) : input_(&input) {}
    int operator*() const {
      input_->read_ = at_ + 1;
      return at_;
    }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    bool at_end() const { return at_ == input_->count_; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    CountedInput* input_ = nullptr;
    int at_ = 0;
  };
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  int count_;
  int read_ = 0;
};

Result lazy_input() {
  Pool pool(2);
  CountedInput inputs(300'000);
  auto results = pool.imap(square, inputs);
  bool first = results.next() == 0;
  return {std::to_string(inputs.read()), first && inputs.read() <= 5};
}

Result throwing_callback() {
  Pool pool(2);
  fetchpool::CallOptions options;
  options.callback = [](int) { throw std::runtime_error("in the callback"); };
  bool thrown = false;
  try {
    pool.apply(options, square, 3);
  } catch (const std::runtime_error& error) {
    thrown = std::string(error.what()) == "in the callback";
  }
  return {"get throws it; later ok", thrown && pool.apply(square, 3) == 9};
}

bool print(const char* row, const std::function<Result()>& run) {
  Result result;
  try {
    result = run();
  } catch (const std::exception& error) {
    result.text = std::string("threw ") + error.what();
  }
  std::printf("%s: %s%s\n", row, result.text.c_str(), result.is_good ? "" : "   NOT AS PROMISED");
  std::fflush(stdout);
  return result.is_good;
}

}  // namespace

int main(int argc, char** argv) {
  void* memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || pipe(begun) != 0 || pipe(release) != 0) return 1;
  board = new (memory) Board;
  fetchpool::prepare();
  if (argc > 1) return run_host(std::strcmp(argv[1], "busy") == 0);

  alarm(50);
  bool good = true;
  good &= print("R1 a task kills its worker", task_kills_worker);
  good &= print("R1 neighbour / later task", neighbours);
  good &= print("R2 an idle worker is killed, then 2 tasks", idle_worker_killed);
  good &= print("R2b both idle workers are killed, then 1 task", all_idle_killed);
  good &= print("R3 exit(5) in a task", exits);
  good &= print("R4 _exit(3) in a task", exits_at_once);
  good &= print("R5 an exception with a constructor of two arguments", odd_exception);
  good &= print("R6 a failing initializer: how often it runs", failing_initializer);
  good &= print("R7 an argument that cannot be sent", unserializable_argument);
  good &= print("R8 a pool in a task", nested);
  good &= print("R9 Ctrl-C during long tasks: the caller is gone after", interrupted);
  good &= print("R10 the host is killed, workers busy: left after 3 s",
                [] { return host_killed("busy"); });
  good &= print("R11 the same, workers idle", [] { return host_killed("idle"); });
  good &= print("R12 inputs read for one result of 300,000", lazy_input);
  good &= print("R13 a callback throws", throwing_callback);
  return good ? 0 : 1;
}
