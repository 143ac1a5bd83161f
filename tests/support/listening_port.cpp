#include "support/listening_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::test {
namespace {

struct sockaddr_in loopback(int port) {
  struct sockaddr_in address {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

UniqueFd new_socket(int more_flags = 0) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | more_flags, 0));
  if (!fd.is_open()) throw SystemError("cannot make a socket", errno);
  return fd;
}

int bind_somewhere(int fd) {
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<struct sockaddr*>(&address), size) != 0)
    throw SystemError("cannot bind", errno);
  getsockname(fd, reinterpret_cast<struct sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

ListeningPort::ListeningPort(int backlog) : fd_(new_socket()), port_(bind_somewhere(fd_.get())) {
  if (listen(fd_.get(), backlog) != 0) throw SystemError("cannot listen", errno);
}

std::string ListeningPort::url(const std::string& scheme) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_) + "/";
}

bool ListeningPort::wait_for_client() const {
  struct pollfd readable {
    fd_.get(), POLLIN, 0
  };
  return posix::poll_for(&readable, 1, std::chrono::seconds(30)) == 1;
}

BlackholePort::BlackholePort() : listening_(0) {
  constexpr int more_than_any_queue = 64;
  constexpr auto long_for_loopback = std::chrono::milliseconds(100);
  for (int i = 0; i < more_than_any_queue; ++i) {
    clients_.push_back(new_socket(SOCK_NONBLOCK));
    struct sockaddr_in address = loopback(listening_.port());
    connect(clients_.back().get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address);
    struct pollfd connected {
      clients_.back().get(), POLLOUT, 0
    };
    if (posix::poll_for(&connected, 1, long_for_loopback) == 0) return;
  }
  throw std::runtime_error("the queue of a listening socket was never full");
}

ClosedPort::ClosedPort() : fd_(new_socket()), port_(bind_somewhere(fd_.get())) {}

std::string ClosedPort::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/";
}

}  // namespace fetchpool::test
