#include "pool/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::pool {

Inbox::Inbox() : wake_(posix::above_standard(UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)))) {
  if (!wake_.is_open()) throw SystemError("cannot make an event descriptor", errno);
}

void Inbox::wake() {
  if (std::exchange(woken_, true)) return;
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(wake_.get(), &one, sizeof one);
}

Commands Inbox::take() {
  std::lock_guard lock(mutex_);
  if (std::exchange(woken_, false)) {
    std::uint64_t count = 0;
    [[maybe_unused]] auto read = ::read(wake_.get(), &count, sizeof count);
  }
  return std::exchange(commands_, {});
}

Commands Inbox::shut() {
  Commands last = take();
  std::lock_guard lock(mutex_);
  shut_ = true;
  last.tasks.insert(last.tasks.end(), commands_.tasks.begin(), commands_.tasks.end());
  last.ended.insert(last.ended.end(), commands_.ended.begin(), commands_.ended.end());
  last.cancels.insert(last.cancels.end(), commands_.cancels.begin(), commands_.cancels.end());
  commands_ = {};
  return last;
}

}  // namespace fetchpool::pool
