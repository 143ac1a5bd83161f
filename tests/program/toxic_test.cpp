// Everything that is bad, and good URLs between it.
#include <algorithm>
#include <map>
#include <string>

#include "program/outcome_case.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMiB = std::size_t{1} << 20;

// Those that end by themselves, and those that only a timeout ends.
const std::vector<std::string> quick = {"/close",
                                        "/reset",
                                        "/reset-body",
                                        "/short-body",
                                        "/cut-headers",
                                        "/garbage",
                                        "/http09",
                                        "/no-colon",
                                        "/endless-headers",
                                        "/endless-1xx",
                                        "/endless-trailer",
                                        "/endless-body",
                                        "/endless-chunks",
                                        "/many-headers",
                                        "/long-header?bytes=300000",
                                        "/gzip-bomb?mb=64",
                                        "/br-bomb?mb=64",
                                        "/zstd-bomb?mb=64&log=27",
                                        "/gzip-corrupt",
                                        "/gzip-cut",
                                        "/gzip-plain",
                                        "/chunked-cut",
                                        "/chunked-bad-hex",
                                        "/chunked-no-end",
                                        "/two-lengths",
                                        "/bad-length?value=-5",
                                        "/redirect-loop",
                                        "/two-locations",
                                        "/long-location",
                                        "/switch-101",
                                        "/status/500",
                                        "/encoding",
                                        "/gzip-stacked?times=6"};
const std::vector<std::string> slow = {"/hang", "/hang-body", "/drip-headers?ms=500",
                                       "/drip-body?ms=500", "/endless-chunk-extension"};

std::string with_key(const std::string& target, int i) {
  return target + (target.find('?') == std::string::npos ? "?" : "&") + "i=" + std::to_string(i);
}

TEST_CASE("P10: toxic URLs between good ones delay none of these, and fill no memory") {
  Origin origin({.addresses = {"127.0.0.1", "127.0.0.2"}, .certificate = {}});
  const int count = is_long_run() ? 2000 : 200;
  const std::chrono::seconds limit = is_long_run() ? 60s : 15s;
  std::vector<std::string> toxic = quick;
  toxic.insert(toxic.end(), slow.begin(), slow.end());
  // As many that hang as leave room for the others: each keeps a connection until its time is up.
  std::string list;
  for (int i = 0; i < count; ++i) {
    const auto& from = i % 10 == 0 && i < 200 ? slow : quick;
    list += origin.url("127.0.0.2", with_key(from[static_cast<std::size_t>(i) % from.size()], i)) +
            "\n" + origin.url(with_key("/ok?size=2000", i)) + "\n";
  }
  TempDir dir;
  Running run = fetchpool({"-i", dir.write("list", list), "-o", dir.file("out"), "-p", "2", "-m",
                           std::to_string(limit.count()), "--order-window", "8M", "--retry", "0",
                           "--per-host", "0", "--max-filesize", "2M", "-q"})
                    .start();
  auto begun = std::chrono::steady_clock::now();
  std::map<std::string, std::size_t> most_memory;  // by the name of the process
  auto look = [&] {
    for (const Process& process : run.processes()) {
      std::size_t& most = most_memory[process.name];
      most = std::max(most, peak_memory(process.pid));
    }
  };
  while (origin.counts("/ok").requests < count || origin.counts("/ok").now > 0) {
    look();
    REQUIRE(std::chrono::steady_clock::now() - begun < 4 * limit);
  }
  // Before the first of those that hang is given up, every good page has come.
  CHECK(std::chrono::steady_clock::now() - begun < limit);
  while (run.is_running()) look();
  Finished done = run.wait();
  std::vector<Record> records = read_records(dir.read("out"));
  REQUIRE(records.size() == static_cast<std::size_t>(2 * count));
  CHECK(are_in_order(records));
  for (std::size_t i = 0; i < records.size(); ++i) {
    INFO(records[i].input << ": " << records[i].error);
    CHECK((records[i].outcome == "ok") == (i % 2 == 1));
  }
  CHECK(done.status == 4);
  for (const auto& [name, memory] : most_memory) {
    INFO(name);
    if (!is_sanitized()) CHECK(memory < 64 * kMiB);
  }
}

}  // namespace
}  // namespace fetchpool::test
