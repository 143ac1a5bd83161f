// A spawner process, as the child of the host that it is.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "base/unique_fd.h"
#include "process/spawner_messages.h"

namespace fetchpool::process {

// Owns the process: whoever destroys this ends it and reaps it.
class SpawnerChild {
 public:
  SpawnerChild() = default;
  SpawnerChild(UniqueFd control, pid_t pid);
  // One that nobody here forked: by what it says on its control socket first. Not alive when it
  // says nothing in time.
  static SpawnerChild that_says_hello(UniqueFd control, std::chrono::milliseconds within);
  SpawnerChild(const SpawnerChild&) = delete;
  SpawnerChild& operator=(const SpawnerChild&) = delete;
  SpawnerChild(SpawnerChild&& other) noexcept;
  SpawnerChild& operator=(SpawnerChild&& other) noexcept;
  ~SpawnerChild() { end(); }

  int control() const { return control_.get(); }
  // 0 when there is none.
  pid_t pid() const { return pid_; }
  bool is_alive() const;
  // A descriptor of the caller's own that is readable when the process has ended.
  UniqueFd watch() const;

  // Kills and reaps it.
  void end();
  // Forgets it.
  void disown();

 private:
  UniqueFd control_;
  UniqueFd process_;
  pid_t pid_ = 0;
};

// Whether the first message came in time.
bool wait_for_hello(int control, std::chrono::milliseconds within, SpawnerReply& hello);

}  // namespace fetchpool::process
