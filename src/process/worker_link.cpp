#include "process/worker_link.h"

#include <poll.h>

#include "base/posix.h"

namespace fetchpool::process {

void WorkerLink::ready(std::string_view bytes) {
  is_ready_ = true;
  send(ipc::FrameKind::ready, bytes);
}

void WorkerLink::failed(std::string_view reason) {
  send(ipc::FrameKind::failed, reason);
}

void WorkerLink::want(std::uint32_t jobs) {
  channel_.writer().add(ipc::FrameKind::window, 0,
                        {reinterpret_cast<const char*>(&jobs), sizeof jobs});
}

void WorkerLink::send(ipc::FrameKind kind, std::string_view payload) {
  channel_.writer().add(kind, 0, payload);
  while (!channel_.flush()) {
    struct pollfd writable {
      channel_.out_fd(), POLLOUT, 0
    };
    posix::poll_for(&writable, 1, std::nullopt);
  }
}

}  // namespace fetchpool::process
