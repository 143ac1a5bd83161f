#include "fetch/wake_up.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

#include "fetchpool/error.h"

namespace fetchpool::engine {

WakeUp::WakeUp(int workers)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      turn_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_.is_open() || !timer_.is_open() || !turn_.is_open())
    throw SystemError("cannot make the descriptors of an event loop", errno);
  for (int fd : {workers, timer_.get(), turn_.get()}) {
    struct epoll_event event {};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      throw SystemError("cannot wait for the workers", errno);
  }
}

void WakeUp::ask_for_turn() {
  if (turn_asked_) return;
  turn_asked_ = true;
  std::uint64_t one = 1;
  (void)!write(turn_.get(), &one, sizeof one);
}

void WakeUp::take_turn() {
  if (!turn_asked_) return;
  turn_asked_ = false;
  std::uint64_t count = 0;
  (void)!read(turn_.get(), &count, sizeof count);
}

void WakeUp::quiet_past_alarm(TimePoint now) {
  if (timer_at_ > now) return;
  std::uint64_t times = 0;
  (void)!read(timer_.get(), &times, sizeof times);
  timer_at_ = TimePoint::max();
}

// A timer that was set stays until it fires, even if it turns out too early: to set one costs a
// virtual machine more than to wake up once for nothing.
void WakeUp::at(TimePoint time) {
  if (time >= timer_at_) return;
  timer_at_ = time;
  auto ns = std::chrono::nanoseconds(timer_at_.time_since_epoch()).count();
  struct itimerspec spec {};
  spec.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  spec.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace fetchpool::engine
