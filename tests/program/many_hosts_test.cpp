#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

std::string address(long host) {
  return "127." + std::to_string(1 + host / 62500) + "." + std::to_string(host / 250 % 250) + "." +
         std::to_string(1 + host % 250);
}

// More hosts than a worker keeps in mind, and then one that is worth it.
TEST_CASE("a list of many hosts leaves no more connections open than may run") {
  long hosts = is_long_run() ? 50000 : 5000;
  constexpr long kSame = 300;
  constexpr long kTransfers = 16;
  Origin origin({.addresses = {"0.0.0.0"}, .certificate = {}});
  std::string list;
  for (long host = 0; host < hosts; ++host) list += origin.url(address(host), "/echo") + "\n";
  for (long i = 0; i < kSame; ++i) list += origin.url("127.0.0.1", "/echo") + "\n";
  TempDir dir;
  Finished done = fetchpool({"-p", "1", "-j", std::to_string(kTransfers), "--per-host", "2",
                             "--no-body", "-i", dir.write("urls", list)})
                      .time_limit(std::chrono::minutes(4))
                      .run();
  REQUIRE(done.status == 0);
  CHECK(done.lines().size() == static_cast<std::size_t>(hosts + kSame));
  Counts connections = origin.connections();
  // Two sets of them are kept for a moment, the old one and the new; and a busy origin notices late
  // that one was closed.
  CHECK(connections.most <= 10 * kTransfers);
  // Of the last host they are used again.
  CHECK(connections.requests <= hosts + 4);
  // 0.3 ms are usual. 3 ms they were at the end of 50,000, when libcurl looked through all of them.
  if (is_long_run() && !is_sanitized()) CHECK(done.cpu.count() < hosts);
}

}  // namespace
}  // namespace fetchpool::test
