// What the process core costs: replacing a worker of a large host, and the program's start.
//
//     ./dev bench core
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/posix.h"
#include "process/supervisor.h"
#include "support/command.h"
#include "support/origin.h"

namespace {

using namespace fetchpool;
using Milliseconds = std::chrono::duration<double, std::milli>;

int idle_worker(process::WorkerLink& link) {
  link.ready();
  while (link.channel().receive() > 0) continue;
  return 0;
}

void print_row(const char* what, std::vector<double> times, double target) {
  std::sort(times.begin(), times.end());
  std::printf("%-58s %6zu %9.3f %9.3f %9.3f   <= %g\n", what, times.size(), times.front(),
              times[times.size() / 2], times[times.size() * 9 / 10], target);
}

// From the kill to the Ready of the new worker.
double replace_worker(process::Supervisor& supervisor) {
  pid_t old = supervisor.pid(0);
  TimePoint start = Clock::now();
  kill(old, SIGKILL);
  while (supervisor.pid(0) == old || !supervisor.is_ready(0)) supervisor.wait(std::nullopt);
  return Milliseconds(Clock::now() - start).count();
}

std::vector<double> replace_workers(std::size_t bytes, int count) {
  auto spawner = process::Spawner::create();
  std::unique_ptr<char[]> memory(new char[bytes]);
  std::memset(memory.get(), 1, bytes);
  process::SupervisorOptions options;
  options.function = idle_worker;
  process::Supervisor supervisor(spawner, options);
  supervisor.add_worker();
  while (!supervisor.is_ready(0)) supervisor.wait(std::nullopt);
  std::vector<double> times;
  for (int i = 0; i < count; ++i) times.push_back(replace_worker(supervisor));
  return times;
}

double run_program(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  TimePoint start = Clock::now();
  pid_t pid = 0;
  int error = posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ);
  int status = -1;
  if (error == 0) waitpid(pid, &status, 0);
  double took = Milliseconds(Clock::now() - start).count();
  posix_spawn_file_actions_destroy(&files);
  if (error != 0 || status != 0) {
    std::fprintf(stderr, "%s failed\n", argv[0]);
    std::exit(1);
  }
  return took;
}

std::vector<double> run_programs(const std::vector<std::string>& arguments, int count) {
  run_program(arguments);
  std::vector<double> times;
  for (int i = 0; i < count; ++i) times.push_back(run_program(arguments));
  return times;
}

}  // namespace

int main() {
  const std::string program = test::program_path("fetchpool");
  std::printf("%-58s %6s %9s %9s %9s   %s\n", "milliseconds", "runs", "least", "median", "p90",
              "target");
  print_row("a worker is replaced", replace_workers(1, 300), 1);
  print_row("a worker is replaced, 1 GiB allocated after the spawner",
            replace_workers(std::size_t{1} << 30, 300), 1);
  test::Origin origin;
  print_row("the program prints its version", run_programs({program, "--version"}, 100), 20);
  print_row("the program fetches one URL", run_programs({program, "-q", origin.url("/ok")}, 100),
            20);
  return 0;
}
