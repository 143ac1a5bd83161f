// Programs with a pool, by name, for tests of how they end.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

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

}  // namespace

int main(int argc, char** argv) {
  std::string name = argc > 1 ? argv[1] : "";
  if (name == "global") return keep_a_global_pool();
  if (name == "map") return map_for_long();
  if (name == "wait") return wait_for_the_end();
  if (name == "interrupt") return end_on_interrupt();
  if (name == "descriptors") return run_out_of_descriptors();
  return 2;
}
