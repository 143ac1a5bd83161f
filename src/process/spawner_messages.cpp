#include "process/spawner_messages.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "base/posix.h"

namespace fetchpool::process {
namespace {

constexpr std::size_t kMostFds = std::tuple_size_v<ReceivedFds>;

struct ControlBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(kMostFds * sizeof(int))] = {};
};

void take_fds(struct msghdr& header, ReceivedFds* fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      UniqueFd owned = posix::above_standard(UniqueFd(fd));
      if (fds && i < kMostFds) (*fds)[i] = std::move(owned);
    }
  }
}

}  // namespace

bool send_packet(int socket, const void* message, std::size_t size, std::span<const int> fds) {
  struct iovec piece {
    const_cast<void*>(message), size
  };
  struct msghdr header {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  ControlBuffer control;
  if (!fds.empty()) {
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Received receive_packet(int socket, void* message, std::size_t size, ReceivedFds* fds) {
  struct iovec piece {
    message, size
  };
  struct msghdr header {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  ControlBuffer control;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  ssize_t count;
  do {
    count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno == EAGAIN ? Received::nothing : Received::end;
  if (static_cast<std::size_t>(count) != size) return Received::end;
  take_fds(header, fds);
  return header.msg_flags & MSG_CTRUNC ? Received::without_descriptors : Received::message;
}

}  // namespace fetchpool::process
