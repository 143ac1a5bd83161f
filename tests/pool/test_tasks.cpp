#include "test_tasks.h"

#include <signal.h>
#include <sys/wait.h>
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

const int line_of_boom = __LINE__ + 3;

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

bool passes_in_child(const std::function<bool()>& body) {
  pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Signal::Signal() {
  if (pipe(fds_) != 0) throw std::runtime_error("no pipe");
}

Signal::~Signal() {
  close(fds_[0]);
  close(fds_[1]);
}

void Signal::wait() const {
  char byte = 0;
  while (read(fds_[0], &byte, 1) < 0) {
  }
}

void announce_and_sleep(int fd, int ms) {
  (void)!write(fd, "x", 1);
  sleep_ms(ms);
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
