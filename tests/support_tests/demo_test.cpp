#include <signal.h>

#include <sstream>
#include <string>

#include "support/catch.h"
#include "support/command.h"
#include "support/raw_client.h"
#include "support/temp_dir.h"

using namespace fetchpool::test;

namespace {

int port_of(Running& demo) {
  std::string address = demo.read_line().value();
  REQUIRE_THAT(address, ContainsSubstring("http://127.0.0.1:"));
  CHECK(address.back() == '/');
  return std::atoi(address.c_str() + address.rfind(':') + 1);
}

}  // namespace

TEST_CASE("the demo origin serves every line of the sample list", "[demo]") {
  Running demo = Command("fetchpool_demo_origin").start();
  RawClient client(port_of(demo));
  std::istringstream list(read_file(FETCHPOOL_SAMPLES_DIR "/urls.txt"));
  int found = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line[0] == '#') continue;
    client.get("/" + line);
    std::string response = client.read_response();
    std::string status = response.substr(9, 3);
    found += status == "200" ? 1 : 0;
    CHECK(status == (line == "moved" ? "301" : line == "missing" ? "404" : "200"));
  }
  CHECK(found == 242);
  demo.close_stdin();
  CHECK(demo.wait().ok());
}

TEST_CASE("the demo origin ends at SIGTERM, though a slow answer is due", "[demo]") {
  Running demo = Command("fetchpool_demo_origin").start();
  int port = port_of(demo);
  RawClient client(port);
  client.get("/slow");
  CHECK_THAT(raw_get(port, "/"), ContainsSubstring("pages/240.html"));
  demo.signal(SIGTERM);
  CHECK(demo.wait().ok());
}
