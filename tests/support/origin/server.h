// The loop of the origin: its listening sockets, connections and timers, in one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/origin/connection.h"
#include "support/origin/ledger.h"
#include "support/origin/tls.h"

namespace fetchpool::test {

struct ServerOptions {
  std::vector<std::string> addresses = {"127.0.0.1"};
  int port = 0;
  // Serves TLS on a second port where both are given.
  std::string certificate;
  std::string key;
};

class Server {
 public:
  // Throws where it cannot listen.
  explicit Server(const ServerOptions& options);

  int port() const { return port_; }
  // 0 without TLS.
  int tls_port() const { return tls_port_; }

  // Serves until stdin is at its end.
  void run();

 private:
  struct Listener {
    UniqueFd fd;
    bool tls;
  };

  void listen_on(const std::vector<std::string>& addresses, int& port, bool tls);
  void watch(int fd, std::uint64_t id);
  void accept_from(const Listener& listener);
  void serve(int fd, unsigned generation, unsigned events);
  void after_work(int fd);
  int next_wait() const;
  void wake_due();

  UniqueFd epoll_;
  std::vector<Listener> listeners_;
  TlsSettings tls_;
  int port_ = 0;
  int tls_port_ = 0;
  Ledger ledger_;
  unsigned generation_ = 0;
  struct Slot {
    std::unique_ptr<Connection> connection;
    unsigned generation = 0;
    // What epoll was told, and the timer if there is one.
    std::uint32_t events = 0;
    std::multimap<TimePoint, int>::iterator timer;
    bool has_timer = false;
  };
  // By descriptor.
  std::vector<Slot> slots_;
  std::multimap<TimePoint, int> timers_;
};

}  // namespace fetchpool::test
