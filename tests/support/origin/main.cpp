// An HTTP/1.1 origin for tests that does what real servers should not: the path names the
// behaviour, the query its parameters. `GET /` lists them. Ends when its stdin is at its end.
//
//     fetchpool_test_origin [--address 127.0.0.1]... [--port N] [--tls CERTIFICATE KEY]
//
// Prints "port N" and, with --tls, "tls-port N" once it accepts connections.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "support/origin/server.h"

namespace {

fetchpool::test::ServerOptions read_arguments(const std::vector<std::string>& arguments) {
  fetchpool::test::ServerOptions options;
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::size_t left = arguments.size() - i - 1;
    if (arguments[i] == "--address" && left >= 1) {
      addresses.push_back(arguments[++i]);
    } else if (arguments[i] == "--port" && left >= 1) {
      options.port = std::atoi(arguments[++i].c_str());
    } else if (arguments[i] == "--tls" && left >= 2) {
      options.certificate = arguments[++i];
      options.key = arguments[++i];
    } else {
      std::fprintf(stderr, "cannot use the argument %s\n", arguments[i].c_str());
      std::exit(2);
    }
  }
  if (!addresses.empty()) options.addresses = addresses;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  struct rlimit descriptors {};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  try {
    fetchpool::test::Server server(read_arguments({argv + 1, argv + argc}));
    std::printf("port %d\n", server.port());
    if (server.tls_port() != 0) std::printf("tls-port %d\n", server.tls_port());
    std::fflush(stdout);
    server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
