// The calls by which files change, in one place that tests can stand in for.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

namespace fetchpool::output {

// Each function is the system call of that name: it returns -1 and sets errno where it fails.
// Everything that must survive a crash is written, forced to the disk, cut and renamed through a
// Disk, so that a test can make the N-th call fail, or work out what a power failure would leave.
class Disk {
 public:
  Disk() = default;
  virtual ~Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  virtual ssize_t write(int fd, const struct iovec* pieces, int count);
  // fdatasync(2): what was written to `fd`, and its size.
  virtual int sync(int fd);
  // syncfs(2): the whole file system that `fd` is on.
  virtual int sync_file_system(int fd);
  virtual int truncate(int fd, off_t size);
};

// The real one.
Disk& system_disk();

}  // namespace fetchpool::output
