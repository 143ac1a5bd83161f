// A bare TCP client for tests that look at the bytes themselves.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace fetchpool::test {

// Every wait has a limit; when it is reached, std::runtime_error shows what was read so far.
class RawClient {
 public:
  explicit RawClient(int port, const std::string& address = "127.0.0.1",
                     std::chrono::milliseconds limit = std::chrono::seconds(10));

  void send(std::string_view bytes);
  // "GET target HTTP/1.1" with a Host header and these lines ("Connection: close\r\n").
  void get(std::string_view target, std::string_view lines = {});
  // Everything until and with `mark`, or until the end where that comes first.
  std::string read_until(std::string_view mark);
  // One response with a Content-Length: its head and its body.
  std::string read_response();
  std::string read_to_end();
  // Whether the server has reset the connection (to be asked after a read ended).
  bool was_reset() const { return was_reset_; }

 private:
  bool read_more();

  UniqueFd fd_;
  std::chrono::milliseconds limit_;
  std::string buffer_;
  bool was_reset_ = false;
};

// The whole answer to "GET target" over a connection of its own, head and body.
std::string raw_get(int port, std::string_view target);
// What follows the blank line of a response.
std::string body_of(std::string_view response);

}  // namespace fetchpool::test
