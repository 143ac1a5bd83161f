#include "ipc/channel.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/posix.h"

namespace fetchpool::ipc {

Channel::Channel(UniqueFd in, UniqueFd out, std::size_t max_payload, Arenas arenas)
    : in_(std::move(in)),
      out_(std::move(out)),
      reader_(std::in_place, max_payload, std::move(arenas.in)),
      writer_(std::move(arenas.out)) {}

void Channel::close() {
  in_.reset();
  out_.reset();
  writer_.clear();
}

bool Channel::flush() {
  try {
    return writer_.flush(out_fd());
  } catch (const SystemError& error) {
    if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) throw;
    // Why the peer is gone is told by its end, not by this write.
    writer_.clear();
    return true;
  }
}

std::size_t Channel::receive(std::size_t limit) {
  auto room = reader_->room();
  auto count = posix::read_some(in_.get(), room.data(), std::min(limit, room.size()));
  if (!count) return 0;
  if (*count == 0) {
    at_end_ = true;
    return 0;
  }
  reader_->filled(*count);
  return *count;
}

std::size_t Channel::available() const {
  int count = 0;
  if (!in_.is_open() || ioctl(in_.get(), FIONREAD, &count) != 0) return 0;
  return static_cast<std::size_t>(std::max(count, 0));
}

}  // namespace fetchpool::ipc
