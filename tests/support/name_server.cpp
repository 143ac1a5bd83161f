#include "support/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "fetchpool/error.h"
#include "support/leak_check.h"

namespace fetchpool::test {

using namespace std::chrono_literals;

NameServer::NameServer(const std::vector<std::string>& names)
    : process_(Command("fetchpool_test_name_server")
                   .args(names)
                   .dies_with_test()
                   .time_limit(1h)
                   .start()) {
  if (process_.read_line() != "ready")
    throw CommandError("the name server did not start: " + process_.wait().err);
}

NameServer::~NameServer() {
  try {
    process_.wait();
  } catch (const std::exception& error) {
    report_violation(error.what());
  }
}

SilentNameServer::SilentNameServer() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SystemError("cannot listen on 127.0.0.1:53", errno);
}

}  // namespace fetchpool::test
