// A spawner process, as the child of the host that it is.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/posix.h"
#include "base/unique_fd.h"

namespace fetchpool::process {

// Owns the process: whoever destroys this ends it and reaps it.
class SpawnerChild {
 public:
  SpawnerChild() = default;
  SpawnerChild(UniqueFd control, pid_t pid);
  // One that nobody here forked: its first message on the control socket says who it is. Until
  // then it counts as alive, and from the deadline on as gone.
  static SpawnerChild expected(UniqueFd control, TimePoint deadline);
  SpawnerChild(const SpawnerChild&) = delete;
  SpawnerChild& operator=(const SpawnerChild&) = delete;
  SpawnerChild(SpawnerChild&& other) noexcept;
  SpawnerChild& operator=(SpawnerChild&& other) noexcept;
  ~SpawnerChild() { end(); }

  int control() const { return control_.get(); }
  // 0 when there is none. Waits for one that is expected, as do watch(), kill() and end().
  pid_t pid();
  bool is_alive();
  // False for one that is still expected. Waits for nothing.
  bool has_come();
  // A descriptor of the caller's own that is readable when the process has ended.
  UniqueFd watch();

  void kill();
  // Kills and reaps it.
  void end();
  // Forgets it.
  void disown();

 private:
  void meet(TimePoint until);

  UniqueFd control_;
  UniqueFd process_;
  pid_t pid_ = 0;
  std::optional<TimePoint> expected_until_;
};

}  // namespace fetchpool::process
