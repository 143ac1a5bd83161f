// Waiting for a condition for a limited time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/posix.h"

namespace fetchpool::pool {

// Waits until `claim` holds, at most `timeout`; returns whether it does.
template <class Claim>
bool wait_for(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
              std::chrono::nanoseconds timeout, Claim claim) {
  constexpr std::chrono::hours kForEver{24 * 365};
  if (timeout > kForEver) timeout = kForEver;
#if defined(__SANITIZE_THREAD__)
  // The sanitizer of g++ 12 does not know waits by the steady clock.
  return changed.wait_until(lock, std::chrono::system_clock::now() + timeout, claim);
#else
  return changed.wait_until(lock, Clock::now() + timeout, claim);
#endif
}

}  // namespace fetchpool::pool
