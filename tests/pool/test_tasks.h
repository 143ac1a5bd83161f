// Functions for workers, and what the tests of the Pool have in common.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "fetchpool/pool.h"

namespace fetchpool::test {

int square(int x);
int slow_square(int x, int wait_ms);
int multiply(int a, int b);
int parse_int(const std::string& text);
int own_pid(int ignored);
int throw_boom(int x);
extern const int line_of_boom;  // where it throws
int kill_self(int signal);
int leave_by_exit(int code);
int leave_by_exit_now(int code);
void sleep_forever(int ignored);
void sleep_ms(int ms);
std::string repeat(int size);

// Runs `body` in a forked process, in which it must return true.
bool passes_in_child(const std::function<bool()>& body);

// A pipe that tasks have, too: what one says there the test can wait for.
class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  int fd() const { return fds_[1]; }
  // Waits for one byte.
  void wait() const;

 private:
  int fds_[2];
};
// Says that it runs, then sleeps.
void announce_and_sleep(int fd, int ms);

// 0, 1, ... count - 1.
std::vector<int> numbers(int count);
std::vector<int> squares(int count);

}  // namespace fetchpool::test
