// How a process ended.
#pragma once

#include <string>

namespace fetchpool {

// How a worker process ended: by an exit code, by a signal, or in a way nobody could see (its
// reporter, the spawner, was lost together with it).
class ExitStatus {
 public:
  enum class Kind { unknown, exited, signaled };

  ExitStatus() = default;
  static ExitStatus exited(int code) { return {Kind::exited, code}; }
  static ExitStatus signaled(int signal) { return {Kind::signaled, signal}; }
  // From the status word of wait(2).
  static ExitStatus from_wait_status(int status);

  Kind kind() const { return kind_; }
  // The exit code; -1 unless kind() is exited.
  int exit_code() const { return kind_ == Kind::exited ? number_ : -1; }
  // The signal's number; 0 unless kind() is signaled.
  int signal() const { return kind_ == Kind::signaled ? number_ : 0; }
  // "exited with 3", "killed by SIGKILL", "ended unseen".
  std::string text() const;

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;

 private:
  ExitStatus(Kind kind, int number) : kind_(kind), number_(number) {}

  Kind kind_ = Kind::unknown;
  int number_ = 0;
};

}  // namespace fetchpool
