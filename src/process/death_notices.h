// Which ends of workers are told to the person at the terminal.
#pragma once

#include <optional>
#include <string>

#include "base/posix.h"

namespace fetchpool::process {

// Of deaths of one kind: a line for each as long as they are few; where they come faster, one a
// while, which says how many before it had none. A pure decision: time is an argument.
class DeathNotices {
 public:
  // The line for a death that `text` describes; nothing where it is only counted for the next one.
  std::optional<std::string> notice(TimePoint now, std::string text);

 private:
  static constexpr int kAtOnce = 10;
  static constexpr std::chrono::seconds kOneMoreAfter{10};

  int left_ = kAtOnce;
  TimePoint last_refill_{};
  int untold_ = 0;
};

}  // namespace fetchpool::process
