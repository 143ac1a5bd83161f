// The program with a disk that fails: what stands in place of output/disk.cpp, in a program of the
// tests' own, so that no such thing is in the real one.
//
// FETCHPOOL_TEST_FAULT is "KIND N ERRNO": the N-th call of that kind, counted from 0, fails once.
// Kinds are "write" (which has written half by then), "sync", and "any".
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>

#include "output/disk.h"

namespace fetchpool::output {
namespace {

struct Fault {
  Fault() {
    const char* text = std::getenv("FETCHPOOL_TEST_FAULT");
    std::istringstream(text ? text : "") >> kind >> left >> error_number;
  }

  // Whether this call fails.
  bool strikes(const char* what) {
    if (kind != what && kind != "any") return false;
    if (left-- != 0) return false;
    errno = error_number;
    return true;
  }

  std::string kind;
  long left = 0;
  int error_number = 0;
};

bool strikes(const char* what) {
  static Fault fault;
  return fault.strikes(what);
}

}  // namespace

ssize_t Disk::write(int fd, const struct iovec* pieces, int count) {
  if (!strikes("write")) return ::writev(fd, pieces, count);
  int error = errno;
  (void)!::write(fd, pieces[0].iov_base, pieces[0].iov_len / 2);
  errno = error;
  return -1;
}

int Disk::sync(int fd) {
  return strikes("sync") ? -1 : ::fdatasync(fd);
}

int Disk::sync_file_system(int fd) {
  return strikes("sync") ? -1 : ::syncfs(fd);
}

int Disk::truncate(int fd, off_t size) {
  return ::ftruncate(fd, size);
}

Disk& system_disk() {
  static Disk disk;
  return disk;
}

}  // namespace fetchpool::output
