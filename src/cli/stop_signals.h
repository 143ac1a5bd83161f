// Ctrl-C and its relatives.
#pragma once

#include <chrono>

#include "base/unique_fd.h"

namespace fetchpool::cli {

enum class Stop {
  none,
  drain,   // start nothing more, let end what runs
  cancel,  // end what runs
};

// Counts the signals that ask for an end. Pure: the time is an argument.
class StopCount {
 public:
  using Time = std::chrono::nanoseconds;

  // A signal of `sender` (0: the terminal). `timeout` and some service managers signal the process
  // and its group in one breath, so the same signal of the same process shortly after counts once.
  void add(int signal, int sender, Time now);

  int count() const { return count_; }
  // The signal that came first; 0: none.
  int first_signal() const { return first_signal_; }

 private:
  static constexpr Time kSameBreath = std::chrono::milliseconds(100);

  int count_ = 0;
  int first_signal_ = 0;
  int last_signal_ = 0;
  int last_sender_ = 0;
  Time last_time_{};
};

// Takes over SIGINT, SIGTERM and SIGHUP (unless that is ignored, as under nohup) for as long as it
// lives: the first asks to drain, the second to cancel, the third ends the process at once, with
// 128 + the first signal; its workers end with it. They are unblocked if they were blocked at the
// start. SIGPIPE is ignored from then on, so that it shows as an error of write calls.
// At most one object at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Readable after a signal, until requested() is called.
  int poll_fd() const { return wakeup_.get(); }
  // What is asked for by now.
  Stop requested();
  // The signal that came first; 0: none.
  int first_signal() const;

 private:
  UniqueFd wakeup_;
  UniqueFd wakeup_writer_;
};

}  // namespace fetchpool::cli
