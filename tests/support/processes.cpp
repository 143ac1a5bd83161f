#include "support/processes.h"

#include <dirent.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <thread>

#include "base/posix.h"
#include "base/unique_fd.h"
#include "fetchpool/error.h"

namespace fetchpool::test {
namespace {

std::string& tag_of_program() {
  static std::string tag;
  return tag;
}

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();  // ends quietly where the process does meanwhile
  return text.str();
}

// The value of the mark in an environment block; empty: none.
std::string tag_in(const std::string& environment) {
  std::string name = tag_variable;
  name += '=';
  for (std::size_t start = 0; start < environment.size();) {
    std::size_t end = environment.find('\0', start);
    if (end == std::string::npos) end = environment.size();
    if (environment.compare(start, name.size(), name) == 0)
      return environment.substr(start + name.size(), end - start - name.size());
    start = end + 1;
  }
  return {};
}

std::optional<Process> read_living_or_zombie(pid_t pid) {
  std::string stat = read_all("/proc/" + std::to_string(pid) + "/stat");
  // The name stands in parentheses and may hold some itself.
  std::size_t open = stat.find('(');
  std::size_t close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  Process process;
  process.pid = pid;
  process.name = stat.substr(open + 1, close - open - 1);
  std::istringstream rest(stat.substr(close + 1));
  rest >> process.state >> process.parent;
  return process;
}

std::optional<Process> read_process(pid_t pid) {
  std::optional<Process> process = read_living_or_zombie(pid);
  if (process && (process->state == 'Z' || process->state == 'X')) return std::nullopt;
  return process;
}

// Calls use(pid) for all processes that there are now.
template <class Use>
void for_each_process(Use use) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) throw SystemError("cannot open /proc", errno);
  while (struct dirent* entry = readdir(proc))
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0)
      use(static_cast<pid_t>(std::atoi(entry->d_name)));
  closedir(proc);
}

std::size_t memory_line(pid_t pid, const char* name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  std::size_t kilobytes = 0;
  while (status >> word)
    if (word == name && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

}  // namespace

std::string describe(const std::vector<Process>& processes) {
  std::string text;
  for (const Process& process : processes)
    text += (text.empty() ? "" : ", ") + process.name + "[" + std::to_string(process.pid) +
            ", state " + process.state + ", parent " + std::to_string(process.parent) + "]";
  return text;
}

const std::string& program_tag() {
  return tag_of_program();
}

void mark_this_program(char** argv) {
  const char* inherited = std::getenv(tag_variable);
  std::string tag = inherited != nullptr ? inherited : "";
  const std::string mine = "p" + std::to_string(getpid()) + ".";
  std::size_t last = tag.rfind('/');
  if (tag.compare(last == std::string::npos ? 0 : last + 1, mine.size(), mine) == 0) {
    tag_of_program() = tag;
    return;
  }
  tag += (tag.empty() ? "" : "/") + mine + std::to_string(std::random_device()());
  setenv(tag_variable, tag.c_str(), 1);
  // By its own path, so that it keeps its name in lists of processes.
  std::string path = std::filesystem::read_symlink("/proc/self/exe");
  execv(path.c_str(), argv);
  throw SystemError("cannot start the test program again", errno);
}

std::vector<Process> processes_tagged(std::string_view tag) {
  std::vector<Process> found;
  if (tag.empty()) return found;
  for_each_process([&](pid_t pid) {
    if (pid == getpid()) return;
    std::string mark = tag_in(read_all("/proc/" + std::to_string(pid) + "/environ"));
    if (mark.compare(0, tag.size(), tag) != 0) return;
    if (mark.size() > tag.size() && mark[tag.size()] != '/') return;
    if (auto process = read_process(pid)) found.push_back(*process);
  });
  return found;
}

std::vector<Process> zombie_children() {
  std::vector<Process> found;
  for_each_process([&found](pid_t pid) {
    auto process = read_living_or_zombie(pid);
    if (process && process->parent == getpid() && process->state == 'Z') found.push_back(*process);
  });
  return found;
}

bool wait_until_gone(const std::vector<Process>& processes, std::chrono::milliseconds limit) {
  TimePoint deadline = Clock::now() + limit;
  for (const Process& process : processes) {
    UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
    if (pidfd.is_open()) {
      struct pollfd end {
        pidfd.get(), POLLIN, 0
      };
      while (end.revents == 0) {
        auto left = deadline - Clock::now();
        posix::poll_for(&end, 1, std::max(left, Clock::duration::zero()));
        if (end.revents == 0 && left <= Clock::duration::zero()) return false;
      }
      continue;
    }
    // Gone already, or a system without pidfds (valgrind).
    while (read_process(process.pid)) {
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return true;
}

std::size_t peak_memory(pid_t pid) {
  return memory_line(pid, "VmHWM:");
}
std::size_t resident_memory(pid_t pid) {
  return memory_line(pid, "VmRSS:");
}

}  // namespace fetchpool::test
