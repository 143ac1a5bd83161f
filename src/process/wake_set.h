// What a supervisor waits for: descriptors and one point in time, behind one descriptor.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/posix.h"

namespace fetchpool::process {

// An epoll set with a timer in it. The timer raises no entry of its own: who called wake_at()
// compares the time. Throws SystemError.
class WakeSet {
 public:
  struct Ready {
    std::uint64_t id;
    bool input;  // also an end or an error
    bool output;
  };

  WakeSet();

  int fd() const { return epoll_.get(); }

  // From now on, an entry with `id` whenever `fd` has one of `events` (EPOLLIN, EPOLLOUT).
  void watch(int fd, std::uint32_t events, std::uint64_t id);
  void change(int fd, std::uint32_t events, std::uint64_t id);
  // To be called before `fd` is closed: a child of the host may keep it, and the entry, alive.
  void forget(int fd);

  // Wakes at `time`; no later call moves it to later until it has woken. In the past: at once.
  void wake_at(TimePoint time);

  // Waits up to `timeout`, and returns what is ready, valid until the next call.
  std::span<const Ready> wait(std::optional<Clock::duration> timeout);

 private:
  void quiet_timer();

  UniqueFd epoll_;
  UniqueFd timer_;
  std::optional<TimePoint> wake_;
  std::vector<Ready> ready_;
};

}  // namespace fetchpool::process
