// A network of the test's own: nothing of it is seen outside, and nothing outside is reached.
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace fetchpool::test {

// While one of these exists, this process and what it starts live in a network that has nothing but
// a loopback device, and see name servers that the test chooses. Processes started before keep
// theirs. The process must have one thread. Where it may not do this as it is (no root), it does it
// for the rest of its life.
class NetworkNamespace {
 public:
  // Whether this kernel and container allow it. If not, says so on stderr: a test that needs one
  // then has nothing to show.
  static bool is_possible();

  // The loopback device has these IPv4 and IPv6 addresses, too.
  explicit NetworkNamespace(const std::vector<std::string>& addresses = {});
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

 private:
  void use_name_server(const std::string& resolv_conf);

  UniqueFd network_before_;
  UniqueFd mounts_before_;
  std::string directory_before_;
  TempDir files_;
};

}  // namespace fetchpool::test
