// System calls as the rest of the code wants them: interrupted calls are repeated, every new
// descriptor is close-on-exec, and a failure is a SystemError that names what was tried. Functions
// that can fail in the normal course of things return a value instead.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

struct pollfd;

namespace fetchpool {

// The monotonic clock: for every deadline and duration. Wall-clock time is for timestamps only.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

namespace posix {

struct FdPair {
  UniqueFd first;
  UniqueFd second;
};

// The same, or a duplicate where it is one of 0, 1 and 2: in a program that was started without
// them, nothing of ours may stand in their place. All functions here that open something do this.
UniqueFd above_standard(UniqueFd fd);

// first: the end to read from, second: the end to write to.
FdPair make_pipe();
// A connected pair of AF_UNIX sockets of `type` (SOCK_STREAM, SOCK_SEQPACKET).
FdPair make_socket_pair(int type);

void set_nonblocking(int fd, bool on);
// Asks for a pipe buffer of `bytes`; what the system grants is good enough.
void set_pipe_size(int fd, std::size_t bytes);
// Asks that a socket takes `bytes` before its reader takes any; as above.
void set_send_buffer(int socket, std::size_t bytes);
UniqueFd duplicate(int fd);
// `mode` as in open(2); O_CLOEXEC is added.
UniqueFd open_file(const std::string& path, int flags, mode_t mode = 0644);

// `size` bytes of zeroed memory, of a size that nobody can change, to be mapped by who has it.
UniqueFd make_memory(const char* name, std::size_t size);
// A descriptor for another process that is readable once it has ended; not open where the system
// has none (valgrind) or no such process exists.
UniqueFd open_process(pid_t pid);

// Reads once. Nothing: no byte is there now (EAGAIN). 0: end of file.
std::optional<std::size_t> read_some(int fd, char* data, std::size_t size);
// Writes once. Nothing: no byte can be taken now (EAGAIN). Throws SystemError (EPIPE among them).
std::optional<std::size_t> write_some(int fd, const struct iovec* pieces, int count);
// Writes everything, waiting where it must.
void write_all(int fd, const char* data, std::size_t size);

// poll(2); the timeout is rounded up to the next millisecond, nothing means for ever. Returns the
// number of descriptors with events; an interruption by a signal counts as 0.
int poll_for(struct pollfd* fds, std::size_t count, std::optional<Clock::duration> timeout);

// Whether poll(2) finds anything to read on it, an end or an error among that.
bool is_readable(int fd);

// How many CPUs this process may use: its affinity mask, and the CPU quota of its control group.
int usable_cpus();

// Makes sure that descriptors 0, 1 and 2 are open (on /dev/null where they were not), so that
// nothing of ours ever becomes somebody's standard output.
void fill_standard_descriptors();

// Closes every descriptor from `first` on except those in [keep, keep + count), which must be
// sorted. Works without close_range(2) and without /proc. For a process that was just forked: what
// UniqueFds of its parent owned is then closed and theirs no more.
void close_all_but(int first, const int* keep, std::size_t count);

// The descriptors that are open now, sorted.
std::vector<int> open_descriptors();

// The number of threads of this process, 1 where it cannot be read.
int thread_count();

}  // namespace posix
}  // namespace fetchpool
