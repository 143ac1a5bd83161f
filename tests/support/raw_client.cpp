#include "support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::test {

RawClient::RawClient(int port, const std::string& address, std::chrono::milliseconds limit)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), limit_(limit) {
  struct sockaddr_in to {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  if (connect(fd_.get(), reinterpret_cast<struct sockaddr*>(&to), sizeof to) != 0)
    throw SystemError("cannot connect to " + address + ":" + std::to_string(port), errno);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR) throw SystemError("cannot send", errno);
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RawClient::get(std::string_view target, std::string_view lines) {
  std::string request = "GET ";
  request += target;
  request += " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  request += lines;
  request += "\r\n";
  send(request);
}

bool RawClient::read_more() {
  struct pollfd readable {
    fd_.get(), POLLIN, 0
  };
  if (posix::poll_for(&readable, 1, limit_) == 0)
    throw std::runtime_error("no byte came for too long after: " + buffer_);
  std::array<char, 65536> block;
  ssize_t count = ::recv(fd_.get(), block.data(), block.size(), 0);
  if (count <= 0) {
    was_reset_ = count < 0 && errno == ECONNRESET;
    return false;
  }
  buffer_.append(block.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::read_until(std::string_view mark) {
  while (buffer_.find(mark) == std::string::npos && read_more()) {
  }
  std::size_t found = buffer_.find(mark);
  std::size_t end = found == std::string::npos ? buffer_.size() : found + mark.size();
  std::string text = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return text;
}

std::string RawClient::read_response() {
  std::string text = read_until("\r\n\r\n");
  constexpr std::string_view name = "Content-Length: ";
  std::size_t at = text.find(name);
  if (at == std::string::npos) throw std::runtime_error("no Content-Length in: " + text);
  std::size_t size = 0;
  std::from_chars(text.data() + at + name.size(), text.data() + text.size(), size);
  while (buffer_.size() < size && read_more()) {
  }
  text += buffer_.substr(0, size);
  buffer_.erase(0, size);
  return text;
}

std::string RawClient::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(buffer_, {});
}

std::string raw_get(int port, std::string_view target) {
  RawClient client(port);
  client.get(target, "Connection: close\r\n");
  return client.read_to_end();
}

std::string body_of(std::string_view response) {
  std::size_t end = response.find("\r\n\r\n");
  return std::string(end == response.npos ? std::string_view() : response.substr(end + 4));
}

}  // namespace fetchpool::test
