#include "support/leak_check.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "support/processes.h"

namespace fetchpool::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds patience = 2s;

bool& any_violation() {
  static bool any = false;
  return any;
}

// The TMPDIR that this process made; a forked child does not own it.
struct OwnedTmpdir {
  std::string path;
  pid_t owner = 0;
};

OwnedTmpdir& own_tmpdir() {
  static OwnedTmpdir tmpdir;
  return tmpdir;
}

std::string link_target(const std::string& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

std::map<int, std::string> open_descriptors() {
  std::map<int, std::string> open;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) throw SystemError("cannot open /proc/self/fd", errno);
  while (struct dirent* entry = readdir(folder)) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    int fd = std::atoi(entry->d_name);
    if (fd != dirfd(folder)) open[fd] = link_target("/proc/self/fd/" + std::to_string(fd));
  }
  closedir(folder);
  return open;
}

// The files of other programs that run beside us are in use by somebody.
bool is_open_somewhere(const std::string& path) {
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    std::string name = process.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    std::error_code unreadable;
    for (const auto& fd : fs::directory_iterator(process.path() / "fd", unreadable))
      if (link_target(fd.path()) == path) return true;
  }
  return false;
}

// "/tmp/testing-fetchpool-PID-xxxxxx"
const std::string tmpdir_start = "/tmp/testing-fetchpool-";

// A test program that was killed could not do it itself.
void remove_tmpdirs_of_the_dead() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/tmp", error)) {
    std::string path = entry.path();
    if (!path.starts_with(tmpdir_start)) continue;
    int owner = std::atoi(path.c_str() + tmpdir_start.size());
    if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) fs::remove_all(path, error);
  }
}

// Where programs put temporary files whatever TMPDIR says; a test of the leak check itself has
// folders of its own, so that its leaks are nobody else's.
std::vector<std::string> shared_folders() {
  const char* instead = std::getenv("FETCHPOOL_TEST_FOLDER");
  if (instead != nullptr) return {instead};
  return {"/tmp", "/var/tmp"};
}

std::set<std::string> temporary_files() {
  std::set<std::string> files;
  std::error_code error;
  if (!own_tmpdir().path.empty())
    for (const auto& entry : fs::directory_iterator(own_tmpdir().path, error))
      files.insert(entry.path());
  for (const std::string& folder : shared_folders())
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().filename().string().starts_with("fetchpool")) files.insert(entry.path());
  return files;
}

}  // namespace

void prepare_test_program(char** argv) {
  mark_this_program(argv);
  remove_tmpdirs_of_the_dead();
  std::string path = tmpdir_start + std::to_string(getpid()) + "-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw SystemError("cannot make " + path, errno);
  own_tmpdir() = {path, getpid()};
  setenv("TMPDIR", path.c_str(), 1);
}

int finish_test_program(int status) {
  std::error_code ignored;
  if (own_tmpdir().owner == getpid()) fs::remove_all(own_tmpdir().path, ignored);
  return status == 0 && any_violation() ? 1 : status;
}

void report_violation(const std::string& text) {
  any_violation() = true;
  std::cerr << "FAILED: " << text << std::endl;
}

bool has_violation() {
  return any_violation();
}

LeakCheck::LeakCheck() : descriptors_(open_descriptors()), files_(temporary_files()) {
  for (const Process& process : processes_tagged(program_tag())) processes_.insert(process.pid);
  for (const Process& zombie : zombie_children()) processes_.insert(zombie.pid);
}

std::vector<std::string> LeakCheck::leaks() const {
  TimePoint deadline = Clock::now() + patience;
  auto new_processes = [&] {
    std::vector<Process> found;
    for (const Process& process : processes_tagged(program_tag()))
      if (!processes_.contains(process.pid)) found.push_back(process);
    return found;
  };
  std::vector<Process> processes = new_processes();
  // What is ending may be starting another one, so look again after each wait.
  while (!processes.empty() && Clock::now() < deadline) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    wait_until_gone(processes, left);
    processes = new_processes();
  }

  std::vector<std::string> leaks;
  if (!processes.empty()) leaks.push_back("processes left: " + describe(processes));
  for (const Process& zombie : zombie_children())
    if (!processes_.contains(zombie.pid)) leaks.push_back("zombie left: " + describe({zombie}));
  for (const auto& [fd, target] : open_descriptors()) {
    auto before = descriptors_.find(fd);
    if (before == descriptors_.end() || before->second != target)
      leaks.push_back("descriptor left: " + std::to_string(fd) + " -> " + target);
  }
  for (const std::string& file : temporary_files()) {
    if (files_.contains(file)) continue;
    bool ours = !own_tmpdir().path.empty() && file.starts_with(own_tmpdir().path);
    // Somebody else's may be gone by the time it was looked for.
    if (ours || (!is_open_somewhere(file) && fs::exists(fs::symlink_status(file))))
      leaks.push_back("file left: " + file);
  }
  return leaks;
}

}  // namespace fetchpool::test
