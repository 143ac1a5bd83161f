#include "support/origin/server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::test {
namespace {

constexpr std::uint64_t stdin_id = ~0ULL;
// Marks the ids of listeners; the rest are a generation and a descriptor.
constexpr std::uint64_t listener_bit = 1ULL << 63U;

int bound_port(int fd) {
  struct sockaddr_storage address {};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<struct sockaddr*>(&address), &size);
  // Both families have the port at the same place.
  return ntohs(reinterpret_cast<struct sockaddr_in*>(&address)->sin_port);
}

UniqueFd listening_socket(const std::string& address, int port) {
  struct addrinfo wanted {};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  wanted.ai_socktype = SOCK_STREAM;
  struct addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0)
    throw Error("not an address: " + address);
  UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  bool listening =
      bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 && listen(fd.get(), SOMAXCONN) == 0;
  int error = errno;
  freeaddrinfo(found);
  if (!listening) throw SystemError("cannot listen on " + address, error);
  return fd;
}

}  // namespace

Server::Server(const ServerOptions& options) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  port_ = options.port;
  listen_on(options.addresses, port_, false);
  if (!options.certificate.empty()) {
    tls_ = make_tls_settings(options.certificate, options.key);
    listen_on(options.addresses, tls_port_, true);
  }
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    watch(listeners_[i].fd.get(), listener_bit | i);
  // Fails where stdin is a file; then only a signal ends the program.
  watch(0, stdin_id);
}

void Server::listen_on(const std::vector<std::string>& addresses, int& port, bool tls) {
  // The kernel chooses the port for the first address; another one may have it already elsewhere.
  constexpr int most_tries = 20;
  std::size_t before = listeners_.size();
  for (int tries = 1;; ++tries) {
    try {
      int same_port = port;
      for (const std::string& address : addresses) {
        listeners_.push_back({listening_socket(address, same_port), tls});
        same_port = bound_port(listeners_.back().fd.get());
      }
      port = same_port;
      return;
    } catch (const SystemError&) {
      if (tries == most_tries || port != 0) throw;
      listeners_.resize(before);
    }
  }
}

void Server::watch(int fd, std::uint64_t id) {
  struct epoll_event event {};
  event.events = EPOLLIN;
  event.data.u64 = id;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Server::run() {
  std::array<struct epoll_event, 256> events;
  for (;;) {
    int count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), next_wait());
    for (int i = 0; i < count; ++i) {
      std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == stdin_id) {
        char ignored[256];
        if (::read(0, ignored, sizeof ignored) <= 0) return;
      } else if ((id & listener_bit) != 0) {
        accept_from(listeners_[id & ~listener_bit]);
      } else {
        serve(static_cast<int>(id & 0xFFFFFFFFU), static_cast<unsigned>(id >> 32U),
              events[static_cast<std::size_t>(i)].events);
      }
    }
    wake_due();
  }
}

void Server::accept_from(const Listener& listener) {
  for (int i = 0; i < 64; ++i) {
    UniqueFd fd(accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) return;
    int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int number = fd.get();
    if (slots_.size() <= static_cast<std::size_t>(number))
      slots_.resize(static_cast<std::size_t>(number) + 64);
    Slot& slot = slots_[static_cast<std::size_t>(number)];
    slot.generation = ++generation_ & 0x7FFFFFFFU;
    slot.events = EPOLLIN;
    TlsSession tls = listener.tls ? accept_tls(tls_, number) : nullptr;
    slot.connection = std::make_unique<Connection>(std::move(fd), std::move(tls), ledger_);
    watch(number, (static_cast<std::uint64_t>(slot.generation) << 32U) |
                      static_cast<std::uint64_t>(number));
  }
}

void Server::serve(int fd, unsigned generation, unsigned events) {
  Slot& slot = slots_[static_cast<std::size_t>(fd)];
  // The events of a descriptor that was closed and used again within one round.
  if (!slot.connection || slot.generation != generation) return;
  slot.connection->work((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0);
  after_work(fd);
}

void Server::after_work(int fd) {
  Slot& slot = slots_[static_cast<std::size_t>(fd)];
  if (slot.has_timer) timers_.erase(slot.timer);
  slot.has_timer = false;
  if (slot.connection->is_done()) {
    slot.connection.reset();
    return;
  }
  if (auto when = slot.connection->wake_at()) {
    slot.timer = timers_.emplace(*when, fd);
    slot.has_timer = true;
  }
  std::uint32_t events = (slot.connection->wants_to_read() ? EPOLLIN : 0U) |
                         (slot.connection->wants_to_write() ? EPOLLOUT : 0U);
  if (events == slot.events) return;
  slot.events = events;
  struct epoll_event event {};
  event.events = events;
  event.data.u64 =
      (static_cast<std::uint64_t>(slot.generation) << 32U) | static_cast<std::uint64_t>(fd);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

int Server::next_wait() const {
  if (timers_.empty()) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now());
  return static_cast<int>(std::clamp<long>(left.count(), 0, 1 << 30));
}

void Server::wake_due() {
  TimePoint now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    int fd = timers_.begin()->second;
    slots_[static_cast<std::size_t>(fd)].connection->work(false);
    after_work(fd);
  }
}

}  // namespace fetchpool::test
