// The owner of a file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

#include "base/owned_fds.h"

namespace fetchpool {

// Owns one descriptor, or none (-1), and closes it when it goes. An `int fd` elsewhere borrows.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) { OwnedFds::add(fd_); }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  // Who owns it changes, not that it is owned.
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this == &other) return *this;
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int release() {
    OwnedFds::remove(fd_);
    return std::exchange(fd_, -1);
  }
  void reset(int fd = -1) {
    // First the note: another thread may get the same number as soon as it is closed.
    OwnedFds::remove(fd_);
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
    OwnedFds::add(fd_);
  }

 private:
  int fd_ = -1;
};

}  // namespace fetchpool
