// A small web server with a sample site, for trying fetchpool without a network.
//
// It serves 240 linked pages on a port of 127.0.0.1 that the kernel chooses, and prints its address
// once it accepts connections. Four paths are special: /moved redirects to a page, /packed is
// compressed with gzip, /slow takes 300 ms, and /missing, like any unknown path, is not found.
// It ends at SIGTERM or SIGINT, or when its stdin is at its end.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "site.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds slow_time(300);
constexpr std::size_t largest_request = 64 * 1024;

struct Client {
  std::string input;
  std::string output;
  // The time before which nothing is to be sent: the answer in `output` is a slow one.
  Clock::time_point not_before;
  bool close_when_sent = false;
};

std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct Answer {
  std::string status = "200 OK";
  std::string more_headers;
  std::string body;
  bool slow = false;
};

Answer answer_to(std::string_view path) {
  if (path == "/moved")
    return {"301 Moved Permanently", "Location: /pages/001.html\r\n", "", false};
  if (path == "/packed")
    return {"200 OK", "Content-Encoding: gzip\r\n", gzip(*demo::page_at("/pages/002.html")), false};
  if (path == "/slow") return {"200 OK", "", *demo::page_at("/pages/003.html"), true};
  if (auto page = demo::page_at(path)) return {"200 OK", "", *page, false};
  return {"404 Not Found", "", "<!DOCTYPE html>\n<title>Not found</title>\n", false};
}

// Answers the first request of `client.input` if it is there in full.
bool answer_next(Client& client) {
  std::size_t end = client.input.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::string head = client.input.substr(0, end + 2);
  client.input.erase(0, end + 4);
  std::string_view line = std::string_view(head).substr(0, head.find("\r\n"));
  std::string_view method = line.substr(0, line.find(' '));
  std::string_view target = line.substr(std::min(line.size(), method.size() + 1));
  std::string_view path = target.substr(0, target.find_first_of(" ?"));

  Answer answer = answer_to(path);
  if (method != "GET" && method != "HEAD")
    answer = {"405 Method Not Allowed", "Allow: GET, HEAD\r\n", "", false};
  client.close_when_sent =
      line.ends_with("HTTP/1.0") || head.find("\r\nConnection: close\r\n") != std::string::npos;
  if (answer.slow) client.not_before = Clock::now() + slow_time;
  client.output = "HTTP/1.1 " + answer.status + "\r\nContent-Type: text/html; charset=utf-8\r\n" +
                  answer.more_headers + "Content-Length: " + std::to_string(answer.body.size()) +
                  (client.close_when_sent ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  if (method != "HEAD") client.output += answer.body;
  return true;
}

class Server {
 public:
  Server();
  int port() const { return port_; }
  void run();

 private:
  void watch(int operation, int fd, unsigned events);
  void accept_all();
  void serve(int fd, unsigned events);
  void write_answers(int fd, Client& client);
  void drop(int fd);
  int time_until_next_answer() const;

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int listening_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int signals_ = -1;
  int port_ = 0;
  std::map<int, Client> clients_;
  // All slow answers take equally long, so the first to begin is the first to be due.
  std::deque<int> slow_;
};

Server::Server() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listening_, generic, size) != 0 || listen(listening_, SOMAXCONN) != 0)
    throw std::runtime_error("cannot listen on 127.0.0.1");
  getsockname(listening_, generic, &size);
  port_ = ntohs(address.sin_port);

  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  signals_ = signalfd(-1, &ends, SFD_CLOEXEC);
  for (int fd : {listening_, signals_, STDIN_FILENO}) watch(EPOLL_CTL_ADD, fd, EPOLLIN);
}

void Server::watch(int operation, int fd, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_, operation, fd, &event);
}

void Server::run() {
  for (;;) {
    epoll_event events[64];
    int count = epoll_wait(epoll_, events, 64, time_until_next_answer());
    for (int i = 0; i < count; ++i) {
      int fd = events[i].data.fd;
      char ignored[256];
      if (fd == signals_) return;
      if (fd == STDIN_FILENO) {
        if (read(fd, ignored, sizeof ignored) <= 0) return;
      } else if (fd == listening_) {
        accept_all();
      } else {
        serve(fd, events[i].events);
      }
    }
    while (!slow_.empty() && time_until_next_answer() == 0) {
      int fd = slow_.front();
      slow_.pop_front();
      write_answers(fd, clients_[fd]);
    }
  }
}

int Server::time_until_next_answer() const {
  if (slow_.empty()) return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(clients_.at(slow_.front()).not_before -
                                                           Clock::now());
  return std::max(0, static_cast<int>(left.count()));
}

void Server::accept_all() {
  for (;;) {
    int fd = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    clients_[fd] = {};
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }
}

void Server::serve(int fd, unsigned events) {
  Client& client = clients_[fd];
  if ((events & ~static_cast<unsigned>(EPOLLOUT)) != 0) {
    char block[4096];
    ssize_t count = recv(fd, block, sizeof block, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN) || client.input.size() > largest_request)
      return drop(fd);
    if (count > 0) client.input.append(block, static_cast<std::size_t>(count));
  }
  write_answers(fd, client);
}

void Server::write_answers(int fd, Client& client) {
  while (!client.output.empty() || answer_next(client)) {
    if (client.not_before > Clock::now()) {
      if (slow_.empty() || std::find(slow_.begin(), slow_.end(), fd) == slow_.end())
        slow_.push_back(fd);
      return;
    }
    ssize_t count = send(fd, client.output.data(), client.output.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
    if (count < 0) return drop(fd);
    client.output.erase(0, static_cast<std::size_t>(count));
    if (client.output.empty() && client.close_when_sent) return drop(fd);
  }
  watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

void Server::drop(int fd) {
  std::erase(slow_, fd);
  clients_.erase(fd);
  close(fd);
}

}  // namespace

int main() {
  try {
    Server server;
    std::printf("http://127.0.0.1:%d/\n", server.port());
    std::fflush(stdout);
    server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fetchpool_demo_origin: %s\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
