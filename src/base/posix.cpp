#include "base/posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "fetchpool/error.h"

namespace fetchpool::posix {
namespace {

// CPUs granted by the CFS quota of the control group (version 2, then 1); 0: no quota.
int quota_cpus() {
  std::string quota;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {
    if (quota == "max" || period <= 0) return 0;
    return std::max(1, static_cast<int>(std::strtod(quota.c_str(), nullptr) / period + 0.5));
  }
  double limit = 0;
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (quota_file >> limit && period_file >> period && limit > 0 && period > 0)
    return std::max(1, static_cast<int>(limit / period + 0.5));
  return 0;
}

void close_range_between(unsigned first, unsigned last) {
  if (first > last) return;
  OwnedFds::remove_between(first, last);
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  struct rlimit limit {};
  getrlimit(RLIMIT_NOFILE, &limit);
  auto end = std::min<rlim_t>(last, limit.rlim_max == RLIM_INFINITY ? 1 << 20 : limit.rlim_max);
  for (rlim_t fd = first; fd <= end; ++fd) ::close(static_cast<int>(fd));
}

}  // namespace

UniqueFd above_standard(UniqueFd fd) {
  if (!fd.is_open() || fd.get() > 2) return fd;
  return duplicate(fd.get());
}

FdPair make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) throw SystemError("cannot make a pipe", errno);
  UniqueFd first(fds[0]);
  UniqueFd second(fds[1]);
  return {above_standard(std::move(first)), above_standard(std::move(second))};
}

FdPair make_socket_pair(int type) {
  int fds[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0)
    throw SystemError("cannot make a pair of sockets", errno);
  UniqueFd first(fds[0]);
  UniqueFd second(fds[1]);
  return {above_standard(std::move(first)), above_standard(std::move(second))};
}

void set_nonblocking(int fd, bool on) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
    throw SystemError("cannot change the mode of a descriptor", errno);
}

void set_pipe_size(int fd, std::size_t bytes) {
  // Refused where the user's pipe quota is used up; a smaller pipe works as well, only slower.
  (void)fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes));
}

void set_send_buffer(int socket, std::size_t bytes) {
  int size = static_cast<int>(bytes);
  (void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

UniqueFd duplicate(int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw SystemError("cannot duplicate a descriptor", errno);
  return UniqueFd(copy);
}

UniqueFd open_file(const std::string& path, int flags, mode_t mode) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) throw SystemError("cannot open " + path, errno);
  return above_standard(UniqueFd(fd));
}

UniqueFd make_memory(const char* name, std::size_t size) {
  UniqueFd memory(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.is_open() || ftruncate(memory.get(), static_cast<off_t>(size)) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    throw SystemError("cannot make shared memory", errno);
  return above_standard(std::move(memory));
}

UniqueFd open_process(pid_t pid) {
  return above_standard(UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
}

std::optional<std::size_t> read_some(int fd, char* data, std::size_t size) {
  for (;;) {
    ssize_t count = ::read(fd, data, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    // A socket whose other end died with unread data says ECONNRESET: for a reader, the end.
    if (errno == ECONNRESET) return 0;
    if (errno != EINTR) throw SystemError("cannot read", errno);
  }
}

std::optional<std::size_t> write_some(int fd, const struct iovec* pieces, int count) {
  for (;;) {
    ssize_t written = ::writev(fd, pieces, count);
    if (written >= 0) return static_cast<std::size_t>(written);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw SystemError("cannot write", errno);
  }
}

void write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    struct iovec piece {
      const_cast<char*>(data), size
    };
    auto written = write_some(fd, &piece, 1);
    if (!written) {
      struct pollfd writable {
        fd, POLLOUT, 0
      };
      poll_for(&writable, 1, std::nullopt);
      continue;
    }
    data += *written;
    size -= *written;
  }
}

int poll_for(struct pollfd* fds, std::size_t count, std::optional<Clock::duration> timeout) {
  int wait = -1;
  if (timeout) {
    auto rounded = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
    wait = static_cast<int>(std::clamp<decltype(rounded)>(rounded, 0, 1 << 30));
  }
  int ready = ::poll(fds, count, wait);
  if (ready < 0 && errno != EINTR) throw SystemError("cannot poll", errno);
  return std::max(ready, 0);
}

bool is_readable(int fd) {
  struct pollfd readable {
    fd, POLLIN, 0
  };
  return ::poll(&readable, 1, 0) > 0;
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = sched_getaffinity(0, sizeof set, &set) == 0
                 ? CPU_COUNT(&set)
                 : static_cast<int>(std::thread::hardware_concurrency());
  int quota = quota_cpus();
  return std::max(1, quota > 0 ? std::min(cpus, quota) : cpus);
}

void fill_standard_descriptors() {
  // Without O_CLOEXEC: these stand for the standard descriptors of whatever is started later.
  int fd;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
}

void close_all_but(int first, const int* keep, std::size_t count) {
  auto next = static_cast<unsigned>(first);
  for (std::size_t i = 0; i < count; ++i) {
    auto kept = static_cast<unsigned>(keep[i]);
    if (keep[i] < first || kept < next) continue;
    if (kept > next) close_range_between(next, kept - 1);
    next = kept + 1;
  }
  close_range_between(next, ~0U);
}

std::vector<int> open_descriptors() {
  std::vector<int> open;
  if (DIR* entries = opendir("/proc/self/fd")) {
    while (struct dirent* entry = readdir(entries)) {
      int fd = std::atoi(entry->d_name);
      if (entry->d_name[0] != '.' && fd != dirfd(entries)) open.push_back(fd);
    }
    closedir(entries);
  } else {
    struct rlimit limit {};
    getrlimit(RLIMIT_NOFILE, &limit);
    auto end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16));
    for (int fd = 0; fd < end; ++fd)
      if (fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
  }
  std::sort(open.begin(), open.end());
  return open;
}

int thread_count() {
  int threads = 0;
  if (DIR* tasks = opendir("/proc/self/task")) {
    while (struct dirent* entry = readdir(tasks))
      if (entry->d_name[0] != '.') ++threads;
    closedir(tasks);
  }
  return std::max(threads, 1);
}

}  // namespace fetchpool::posix
