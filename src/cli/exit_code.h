// The program's exit status.
#pragma once

#include "fetchpool/outcome.h"

namespace fetchpool::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitInternal = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLocalIo = 3;
inline constexpr int kExitLimit = 9;
inline constexpr int kExitOutputClosed = 141;

// Collects what happened in a run; `code()` is its exit status. The order of precedence: what made
// going on pointless, a signal, an early end, the lowest code of all URLs that failed.
class ExitCode {
 public:
  void add(Outcome outcome, int response_code);
  // The exit status that one URL alone would give.
  void add(int code);
  // kExitInternal, kExitUsage, kExitLocalIo or kExitOutputClosed; the first one counts.
  void fail(int code);
  bool has_failed() const { return failure_ != kExitOk; }
  void stop_by_limit() { cancelled_ = true; }
  void stop_by_signal(int signal) { signal_ = signal; }

  // With `exit_zero`, URLs that failed do not count.
  int code(bool exit_zero) const;

 private:
  int failure_ = kExitOk;
  int signal_ = 0;
  bool cancelled_ = false;
  int lowest_ = kExitOk;
};

}  // namespace fetchpool::cli
