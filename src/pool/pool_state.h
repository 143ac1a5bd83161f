// What a Pool's thread makes known to others.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

#include "fetchpool/detail/call.h"
#include "fetchpool/pool.h"

namespace fetchpool::pool {

// All fields are guarded by the mutex.
struct PoolState {
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  PoolInsights insights{};
  bool all_were_ready = false;          // each place has had a worker that was ready
  bool ended = false;                   // no worker is left, and there will be none
  std::exception_ptr broken = nullptr;  // why, where that was not asked for
  std::vector<detail::Segment> exit_answers{};
};

}  // namespace fetchpool::pool
