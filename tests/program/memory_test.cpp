#include <fstream>
#include <iostream>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mib = std::size_t{1} << 20;

bool skipped() {
  if (is_sanitized()) std::cerr << "skipped: a sanitizer's memory is not the program's\n";
  return is_sanitized();
}

// Not as one string: what the test itself holds should not be in the way.
void write_list(const std::string& path, const std::string& first, const std::string& url,
                long count, const std::string& last) {
  std::ofstream list(path);
  if (!first.empty()) list << first << "\n";
  for (long i = 0; i < count; ++i) list << url << "\n";
  if (!last.empty()) list << last << "\n";
}

std::size_t peak_of_workers(const Running& run) {
  std::size_t peak = 0;
  for (const Process& process : run.processes())
    if (process.pid != run.pid()) peak = std::max(peak, peak_memory(process.pid));
  return peak;
}

TEST_CASE("a first URL that hangs costs disk, not memory") {
  if (skipped()) return;
  long count = is_long_run() ? 100000 : 40000;
  Origin origin;
  TempDir dir;
  auto silent = std::make_optional<ListeningPort>();
  write_list(dir.file("list"), silent->url(), origin.url("/ok?size=10000"), count, "");
  dir.write("out", "");
  Running run = fetchpool({"-i", dir.file("list"), "-o", dir.file("out"), "-m", "10m", "--retry",
                           "0", "--per-host", "0"})
                    .start();
  REQUIRE(eventually(
      [&] { return origin.counts_of_behaviour("/ok").requests == count || !run.is_running(); },
      90s));
  CHECK(dir.read("out").empty());
  std::size_t before = peak_memory(run.pid());
  INFO("peak " << before / mib << " MiB");
  CHECK(before < 200 * mib);
  CHECK(peak_of_workers(run) < 100 * mib);
  // The port goes, its client is reset, and everything is due at once.
  silent.reset();
  REQUIRE(eventually(
      [&] {
        std::ifstream out(dir.file("out"));
        out.seekg(0, std::ios::end);
        return out.tellg() > count * 10000 || !run.is_running();
      },
      60s));
  Finished done = run.wait();
  CHECK(done.status == 4);
  std::ifstream out(dir.file("out"));
  long lines = 0;
  for (std::string line; std::getline(out, line); ++lines)
    if (line.rfind("{\"seq\":" + std::to_string(lines) + ",", 0) != 0) break;
  CHECK(lines == count + 1);
}

// The peak of the program after so many lines.
std::size_t peak_after(long count) {
  Origin origin;
  ListeningPort silent;
  TempDir dir;
  write_list(dir.file("list"), "", origin.url("/ok?size=0"), count, silent.url());
  Running run = fetchpool({"-o", "/dev/null", "-m", "10m", "--per-host", "0"})
                    .stdin_file(dir.file("list"))
                    .time_limit(5min)
                    .start();
  REQUIRE(eventually(
      [&] { return origin.counts_of_behaviour("/ok").requests == count || !run.is_running(); },
      4min));
  REQUIRE(run.is_running());
  std::size_t peak = peak_memory(run.pid());
  run.signal(SIGTERM);
  run.wait_for_err("stopping");
  run.signal(SIGINT);
  CHECK(run.wait().status == 143);
  return peak;
}

TEST_CASE("a long list takes no more memory than a short one") {
  if (skipped()) return;
  std::size_t of_short = peak_after(10000);
  std::size_t of_long = peak_after(is_long_run() ? 1000000 : 200000);
  INFO(of_short / 1024 << " KiB, " << of_long / 1024 << " KiB");
  CHECK(of_short > 0);
  CHECK(of_long < of_short + 8 * mib);
}

TEST_CASE("bombs do not reach the memory of anybody") {
  if (skipped()) return;
  Origin origin;
  Finished done = fetchpool({"--max-filesize", "4M", origin.url("/gzip-bomb?mb=200"),
                             origin.url("/endless-body"), origin.url("/endless-chunks")})
                      .run();
  CHECK(done.status == 7);
  CHECK(count_of(read_records(done.out), "too_large") == 3);
  CHECK(done.max_memory < 60 * mib);
}

}  // namespace
}  // namespace fetchpool::test
