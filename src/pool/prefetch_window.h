// How many tasks a worker should hold.
#pragma once

#include <chrono>
#include <cstddef>

namespace fetchpool::pool {

// Enough that a worker does not wait for the next task, and no more, so that nothing waits behind
// a slow one: a worker holds half a millisecond's work. Learns from how long tasks take; until it
// knows, one. A pure decision.
class PrefetchWindow {
 public:
  void note(std::chrono::nanoseconds work);
  std::size_t size() const;

 private:
  double mean_ns_ = 0;  // 0: nothing known
};

}  // namespace fetchpool::pool
