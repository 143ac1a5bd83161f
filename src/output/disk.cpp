#include "output/disk.h"

#include <unistd.h>

namespace fetchpool::output {

ssize_t Disk::write(int fd, const struct iovec* pieces, int count) {
  return ::writev(fd, pieces, count);
}

int Disk::sync(int fd) {
  return ::fdatasync(fd);
}

int Disk::sync_file_system(int fd) {
  return ::syncfs(fd);
}

int Disk::truncate(int fd, off_t size) {
  return ::ftruncate(fd, size);
}

Disk& system_disk() {
  static Disk disk;
  return disk;
}

}  // namespace fetchpool::output
