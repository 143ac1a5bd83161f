// The errors that make going on pointless. What can happen to one task or one URL is a value.
#pragma once

#include <stdexcept>
#include <string>

namespace fetchpool {

// The base of all exceptions that fetchpool throws. `what()` is one sentence for the person at the
// terminal: what failed, on what, why and, where there is something to do, what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A call of the operating system failed.
class SystemError : public Error {
 public:
  // `what` says what was tried on what ("cannot open urls.txt"); the reason is added from
  // `error_number` (errno).
  SystemError(const std::string& what, int error_number);
  int error_number() const { return error_number_; }

 private:
  int error_number_;
};

// The worker processes cannot be started, or not any more.
class PoolBroken : public Error {
 public:
  using Error::Error;
};

}  // namespace fetchpool
