// Many large bodies at once.
#include <map>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMost = std::size_t{300} << 20;
constexpr int kBodies = 64;

// Runs `line` in a shell, and notes the most memory that each process of the program ever had.
Finished run_watched(const std::string& line, std::map<pid_t, std::size_t>& peaks) {
  Running run = Command("bash")
                    .args({"-o", "pipefail", "-c", line})
                    .time_limit(is_long_run() ? 15min : 4min)
                    .start();
  CHECK(eventually(
      [&] {
        for (const Process& process : run.processes())
          if (process.name.starts_with("fetchpool"))
            peaks[process.pid] = std::max(peaks[process.pid], peak_memory(process.pid));
        return !run.is_running();
      },
      is_long_run() ? 15min : 4min));
  return run.wait();
}

TEST_CASE("64 large bodies at once and a reader that stops take little memory", "[endurance]") {
  if (is_sanitized()) return;
  Origin origin;
  TempDir dir;
  long size = is_long_run() ? 100000000 : 10000000;
  std::string list;
  for (int i = 0; i < kBodies; ++i)
    list += origin.url("/ok?size=" + std::to_string(size) + "&i=" + std::to_string(i)) + "\n";
  dir.write("list", list);
  std::map<pid_t, std::size_t> peaks;
  // The reader begins after 10 s; what no pipe holds has to wait, and time is short. Where requests
  // are paced, a worker begins all that it is sent.
  Finished done = run_watched(
      "fetchpool -p 2 -j 64 --per-host 0 --rate 100000/s --retry 0 --max-filesize 200M -m " +
          std::string(is_long_run() ? "10m" : "2m") + " -i " + dir.file("list") +
          " | (sleep 10; cut -b 1-700 | grep -c '\"outcome\":\"ok\"')",
      peaks);
  CHECK(done.status == 0);
  CHECK(done.out == std::to_string(kBodies) + "\n");
  CHECK(origin.connections().most >= kBodies);
  CHECK(peaks.size() >= 4);
  for (const auto& [pid, peak] : peaks) CHECK(peak < kMost);
}

}  // namespace
}  // namespace fetchpool::test
