// What makes an engine's descriptor readable.
#pragma once

#include "base/posix.h"
#include "base/unique_fd.h"

namespace fetchpool::engine {

// One descriptor for foreign loops, readable when the workers have said something, when a point in
// time has come, or when somebody asked for a turn.
class WakeUp {
 public:
  // `workers`: the descriptor that says when they have. Throws SystemError.
  explicit WakeUp(int workers);

  int fd() const { return epoll_.get(); }
  // Readable from now on, until take_turn(): what was called outside a turn needs one to take
  // effect.
  void ask_for_turn();
  void take_turn();
  // Readable once the time has come.
  void at(TimePoint time);
  // To be called before a caller waits for the descriptor: an alarm of the past is over.
  void quiet_past_alarm(TimePoint now);

 private:
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd turn_;
  TimePoint timer_at_ = TimePoint::max();
  bool turn_asked_ = false;
};

}  // namespace fetchpool::engine
