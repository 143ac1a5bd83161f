// The processes that a test or a command started, found by a mark in their environment, so that
// orphans and children that never called exec are seen too.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace fetchpool::test {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  // As in /proc/PID/stat: R, S, D, T, Z ...
  char state = '?';
  std::string name;
};

// "name" or "name[pid]" of all, for messages.
std::string describe(const std::vector<Process>& processes);

inline constexpr const char* tag_variable = "FETCHPOOL_TEST_TAG";

// The mark of this test program; every process it starts inherits it. Commands add a part of their
// own after a '/'. Empty before `mark_this_program()`.
const std::string& program_tag();

// Gives this program its mark. The kernel shows the environment a program was started with, so this
// starts the program once more, with the same arguments. To be called first in main.
void mark_this_program(char** argv);

// The living processes whose mark is `tag` or begins with `tag/`, without the caller. Zombies count
// as gone.
std::vector<Process> processes_tagged(std::string_view tag);

// The children of this process that have ended and that nobody has waited for, with whatever mark.
std::vector<Process> zombie_children();

// Waits until none of `processes` lives, at most `limit`; false: one still does.
bool wait_until_gone(const std::vector<Process>& processes, std::chrono::milliseconds limit);

// The peak of resident memory (VmHWM) of a living process in bytes, 0 where it cannot be read.
std::size_t peak_memory(pid_t pid);
// Resident memory (VmRSS) now, in bytes.
std::size_t resident_memory(pid_t pid);

}  // namespace fetchpool::test
