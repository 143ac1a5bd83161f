// Programs with a pool, by name, for tests of how they end.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "fetchpool/pool.h"

namespace {

int square(int x) {
  return x * x;
}

void say_and_sleep(int) {
  std::cout << "runs" << std::endl;
  std::this_thread::sleep_for(std::chrono::seconds(60));
}

std::unique_ptr<fetchpool::Pool> global;

int keep_a_global_pool() {
  global = std::make_unique<fetchpool::Pool>(2);
  global->apply_async(say_and_sleep, 1);
  std::cout << global->apply(square, 3) << std::endl;
  return 0;
}

int map_for_long() {
  fetchpool::Pool pool(2);
  std::cout << "begins" << std::endl;
  pool.map(say_and_sleep, std::vector<int>(20), {.chunksize = 1});
  return 0;
}

// Two workers run, two are idle.
int wait_for_the_end() {
  fetchpool::Pool pool(4);
  auto one = pool.apply_async(say_and_sleep, 1);
  auto two = pool.apply_async(say_and_sleep, 2);
  one.wait();
  return 0;
}

volatile sig_atomic_t interrupted = 0;

int end_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGINT, &action, nullptr);
  fetchpool::Pool pool(2);
  auto result = pool.map_async(say_and_sleep, std::vector<int>(20), {.chunksize = 1});
  while (!interrupted && !result.wait(std::chrono::milliseconds(10))) {
  }
  return 7;
}

int run_out_of_descriptors() {
  struct rlimit few {};
  few.rlim_cur = few.rlim_max = 40;
  fetchpool::Pool pool(3);
  pool.worker_pids();
  setrlimit(RLIMIT_NOFILE, &few);
  while (dup(0) >= 0) {
  }
  kill(pool.worker_pids()[0], SIGKILL);
  for (int i = 0; i < 50; ++i)
    if (pool.apply(square, i) != i * i) return 1;
  std::cout << "works" << std::endl;
  return 0;
}

int announced[2];

void announce_and_sleep(int) {
  (void)!write(announced[1], "x", 1);
  std::this_thread::sleep_for(std::chrono::seconds(60));
}

std::size_t length(const std::string& text) {
  return text.size();
}

int lose_the_reader_of_a_large_argument() {
  signal(SIGPIPE, SIG_DFL);
  if (pipe(announced) != 0) return 1;
  constexpr std::size_t kSize = std::size_t{64} << 20;
  fetchpool::Pool pool(1);
  std::string large(kSize, 'x');
  for (int i = 0; i < 5; ++i) {
    auto running = pool.apply_async(announce_and_sleep, i);
    // More than the socket takes, so that its writing has begun and not ended.
    auto waiting = pool.apply_async(length, large);
    char byte = 0;
    if (read(announced[0], &byte, 1) != 1) return 1;
    kill(pool.worker_pids()[0], SIGKILL);
    if (waiting.get() != kSize) return 1;
    try {
      running.get();
      return 1;
    } catch (const fetchpool::WorkerLost&) {
    }
  }
  std::cout << "lives" << std::endl;
  return 0;
}

// Limits on processes do not concern root.
bool become_nobody() {
  constexpr int kNobody = 65534;
  if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) return false;
  // Or /proc/self would belong to root.
  return prctl(PR_SET_DUMPABLE, 1) == 0;
}

constexpr struct rlimit kNone { 0, 0 };

int parent_of(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  int parent = 0;
  stat >> number >> name >> state >> parent;
  return parent;
}

int run_out_of_processes() {
  if (!become_nobody()) return 1;
  fetchpool::Pool pool(3);
  auto pids = pool.worker_pids();
  if (prlimit(parent_of(pids[0]), RLIMIT_NPROC, &kNone, nullptr) != 0) return 1;
  kill(pids[0], SIGKILL);
  try {
    for (int i = 0; i < 50; ++i)
      if (pool.apply(square, i) != i * i) return 1;
  } catch (const fetchpool::PoolBroken& error) {
    // Where the last worker was lost as well.
    std::cout << error.what() << std::endl;
    return 0;
  }
  std::cout << "works" << std::endl;
  return 0;
}

int start_without_processes() {
  struct rlimit whole {};
  if (!become_nobody() || getrlimit(RLIMIT_NPROC, &whole) != 0) return 1;
  struct rlimit none = {0, whole.rlim_max};
  if (setrlimit(RLIMIT_NPROC, &none) != 0) return 1;
  int status = 1;
  try {
    fetchpool::Pool pool(3);
    pool.apply(square, 3);
  } catch (const std::exception& error) {
    std::cout << error.what() << std::endl;
    status = 0;
  }
  // The search for leaks at the end starts a process.
  return setrlimit(RLIMIT_NPROC, &whole) == 0 ? status : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string name = argc > 1 ? argv[1] : "";
  if (name == "global") return keep_a_global_pool();
  if (name == "map") return map_for_long();
  if (name == "wait") return wait_for_the_end();
  if (name == "interrupt") return end_on_interrupt();
  if (name == "descriptors") return run_out_of_descriptors();
  if (name == "pipe") return lose_the_reader_of_a_large_argument();
  if (name == "processes") return run_out_of_processes();
  if (name == "no_processes") return start_without_processes();
  return 2;
}
