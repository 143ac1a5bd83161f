// Attempts for tasks that crash, and limits for tasks that hang: pool_limits FILE
#include <fetchpool/pool.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

// Crashes as long as the file is there, which it removes.
int crash_once(const std::string& file) {
  if (std::remove(file.c_str()) == 0) std::abort();
  return 42;
}

void hang() {
  for (;;) std::this_thread::sleep_for(1h);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  fetchpool::Pool pool(2);

  std::cout << pool.apply({.attempts = 3}, crash_once, std::string(argv[1])) << " after "
            << pool.insights().attempts_spent + 1 << " attempts\n";

  // The task is ended, with its worker.
  try {
    pool.apply({.task_timeout = 200ms}, hang);
  } catch (const fetchpool::TaskTimeout& late) {
    std::cout << late.what() << "\n";
  }

  // The task goes on, and is ended when that is wanted.
  auto running = pool.apply_async(hang);
  try {
    running.get(100ms);
  } catch (const fetchpool::TimeoutError&) {
    std::cout << "not ready yet\n";
  }
  running.cancel(true);
  try {
    running.get();
  } catch (const fetchpool::TaskCancelled& cancelled) {
    std::cout << cancelled.what() << "\n";
  }
}
