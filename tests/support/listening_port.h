// Ports that behave like servers nobody would want; the kernel alone plays them.
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace fetchpool::test {

// A socket that listens on 127.0.0.1 on a port from the kernel. Nobody accepts here: a client can
// connect and send, and gets no answer (a TLS handshake stalls).
class ListeningPort {
 public:
  explicit ListeningPort(int backlog = 128);

  int fd() const { return fd_.get(); }
  int port() const { return port_; }
  std::string url(const std::string& scheme = "http") const;
  // Waits until somebody has connected. False: nobody came for half a minute.
  bool wait_for_client() const;

 private:
  UniqueFd fd_;
  int port_ = 0;
};

// A port where connecting hangs: the queue of a listening socket is full.
class BlackholePort {
 public:
  BlackholePort();
  int port() const { return listening_.port(); }
  std::string url() const { return listening_.url(); }

 private:
  ListeningPort listening_;
  std::vector<UniqueFd> clients_;
};

// A port where connecting is refused; nobody else gets it while this lives.
class ClosedPort {
 public:
  ClosedPort();
  int port() const { return port_; }
  std::string url() const;

 private:
  UniqueFd fd_;
  int port_ = 0;
};

}  // namespace fetchpool::test
