#include "process/wake_set.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "fetchpool/error.h"

namespace fetchpool::process {
namespace {

constexpr auto kTimer = std::numeric_limits<std::uint64_t>::max();

UniqueFd make_epoll() {
  UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
  if (!fd.is_open()) throw SystemError("cannot make an epoll set", errno);
  return posix::above_standard(std::move(fd));
}

UniqueFd make_timer() {
  UniqueFd fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.is_open()) throw SystemError("cannot make a timer", errno);
  return posix::above_standard(std::move(fd));
}

void control(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t id) {
  struct epoll_event event {};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll, operation, fd, &event) != 0)
    throw SystemError("cannot watch a descriptor", errno);
}

int milliseconds(std::optional<Clock::duration> timeout) {
  if (!timeout) return -1;
  auto count = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
  return static_cast<int>(std::clamp<decltype(count)>(count, 0, 1 << 30));
}

}  // namespace

WakeSet::WakeSet() : epoll_(make_epoll()), timer_(make_timer()) {
  watch(timer_.get(), EPOLLIN, kTimer);
}

void WakeSet::watch(int fd, std::uint32_t events, std::uint64_t id) {
  control(epoll_.get(), EPOLL_CTL_ADD, fd, events, id);
}

void WakeSet::change(int fd, std::uint32_t events, std::uint64_t id) {
  control(epoll_.get(), EPOLL_CTL_MOD, fd, events, id);
}

void WakeSet::forget(int fd) {
  if (fd >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void WakeSet::wake_at(TimePoint time) {
  if (wake_ && *wake_ <= time) return;
  wake_ = time;
  // A time of 0 would disarm it.
  auto ns = std::max<std::int64_t>(1, std::chrono::nanoseconds(time.time_since_epoch()).count());
  struct itimerspec spec {};
  spec.it_value.tv_sec = ns / 1'000'000'000;
  spec.it_value.tv_nsec = ns % 1'000'000'000;
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void WakeSet::quiet_timer() {
  std::uint64_t expirations;
  if (read(timer_.get(), &expirations, sizeof expirations) > 0) wake_.reset();
}

std::span<const WakeSet::Ready> WakeSet::wait(std::optional<Clock::duration> timeout) {
  ready_.clear();
  std::array<struct epoll_event, 64> events;
  int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                         milliseconds(timeout));
  if (count < 0 && errno != EINTR) throw SystemError("cannot wait for workers", errno);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kTimer)
      quiet_timer();
    else
      ready_.push_back({event.data.u64, (event.events & ~std::uint32_t{EPOLLOUT}) != 0,
                        (event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0});
  }
  return ready_;
}

}  // namespace fetchpool::process
