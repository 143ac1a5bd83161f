// Many hosts that are far away: answers on every address of 127.0.0.0/8, each after a time of its
// own.
//
//   latency_origin
//
// Writes its port, and serves until its standard input ends. The answers of 127.0.0.N come after 5
// to 300 ms, one in a hundred of them after 2 s. `/most` says how many connections one host had at
// once at most, and begins anew.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view kEndOfHead = "\r\n\r\n";

class Origin {
 public:
  Origin() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), epoll_(epoll_create1(0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 4096) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::perror("latency_origin: cannot listen");
      std::exit(1);
    }
    port_ = ntohs(address.sin_port);
    watch(listener_);
    watch(STDIN_FILENO);
  }

  int port() const { return port_; }

  void run() {
    std::array<epoll_event, 256> events;
    while (true) {
      int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout());
      for (int i = 0; i < count; ++i) {
        int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == STDIN_FILENO) return;
        fd == listener_ ? accept_all() : serve(fd);
      }
      answer_due();
    }
  }

 private:
  struct Connection {
    std::uint32_t host = 0;
    std::uint64_t number = 0;
    std::string input;
  };

  struct Due {
    Clock::time_point when;
    int fd;
    std::uint64_t connection;  // the descriptor may be another's by then
    bool operator>(const Due& other) const { return when > other.when; }
  };

  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  int timeout() const {
    if (due_.empty()) return -1;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(due_.top().when - Clock::now());
    return std::max(0, static_cast<int>(left.count()));
  }

  void accept_all() {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      sockaddr_in address{};
      socklen_t size = sizeof address;
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
      Connection& connection = connections_[fd];
      connection = {ntohl(address.sin_addr.s_addr), ++accepted_, {}};
      most_ = std::max(most_, ++open_[connection.host]);
      watch(fd);
    }
  }

  void serve(int fd) {
    Connection& connection = connections_[fd];
    std::array<char, 16 << 10> block;
    ssize_t count = read(fd, block.data(), block.size());
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return hang_up(fd);
    connection.input.append(block.data(), static_cast<std::size_t>(count));
    for (std::size_t end; (end = connection.input.find(kEndOfHead)) != std::string::npos;) {
      bool asks_most = connection.input.starts_with("GET /most ");
      connection.input.erase(0, end + kEndOfHead.size());
      if (asks_most) {
        answer(fd, std::to_string(std::exchange(most_, 0)) + "\n");
      } else {
        due_.push({Clock::now() + latency(connection.host), fd, connection.number});
      }
    }
  }

  void hang_up(int fd) {
    --open_[connections_[fd].host];
    connections_.erase(fd);
    close(fd);
  }

  Clock::duration latency(std::uint32_t host) {
    if (++requests_ % 100 == 0) return 2s;
    return 5ms + std::chrono::milliseconds(host * 37 % 296);
  }

  void answer_due() {
    static const std::string kPage(12000, 'x');
    while (!due_.empty() && due_.top().when <= Clock::now()) {
      Due due = due_.top();
      due_.pop();
      auto connection = connections_.find(due.fd);
      if (connection != connections_.end() && connection->second.number == due.connection)
        answer(due.fd, kPage);
    }
  }

  // A page fits into the socket's buffer.
  static void answer(int fd, const std::string& body) {
    std::string text = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body;
    if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      std::perror("latency_origin: cannot answer");
  }

  int listener_;
  int epoll_;
  int port_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t requests_ = 0;
  int most_ = 0;
  std::unordered_map<int, Connection> connections_;
  std::unordered_map<std::uint32_t, int> open_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  Origin origin;
  std::printf("%d\n", origin.port());
  std::fflush(stdout);
  origin.run();
}
