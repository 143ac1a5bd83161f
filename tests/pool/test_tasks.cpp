#include "test_tasks.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace fetchpool::test {

int square(int x) {
  return x * x;
}

int slow_square(int x, int wait_ms) {
  sleep_ms(wait_ms);
  return x * x;
}

int multiply(int a, int b) {
  return a * b;
}

int parse_int(const std::string& text) {
  return std::stoi(text);
}

int own_pid(int) {
  return getpid();
}

int throw_boom(int) {
  throw std::runtime_error("boom");
}

int kill_self(int signal) {
  kill(getpid(), signal);
  for (;;) pause();
}

int leave_by_exit(int code) {
  std::exit(code);
}

int leave_by_exit_now(int code) {
  _exit(code);
}

void sleep_forever(int) {
  for (;;) pause();
}

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

std::string repeat(int size) {
  return std::string(static_cast<std::size_t>(size), 'x');
}

std::vector<int> numbers(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

std::vector<int> squares(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i * i);
  return all;
}

}  // namespace fetchpool::test
