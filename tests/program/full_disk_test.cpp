// Disks that are full or fail: the run ends with one sentence and 3, and goes on once they do not.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <random>

#include "program/output_kind.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;
using Which = OutputKind::Which;
namespace fs = std::filesystem;

std::vector<std::string> urls_of(const Origin& origin, int count) {
  std::vector<std::string> urls;
  for (int i = 0; i < count; ++i)
    urls.push_back(
        origin.url("/ok?size=" + std::to_string(300 + i * 37 % 3000) + "&i=" + std::to_string(i)));
  return urls;
}

long lines_of(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

std::string number(int value) {
  return std::to_string(value);
}

TEST_CASE("whichever call to the disk fails, the run ends with 3 and is gone on with",
          "[endurance]") {
  auto which = GENERATE(Which::list, Which::directory, Which::archive);
  unsigned seed = new_seed();
  CAPTURE(static_cast<int>(which));
  std::mt19937 random(seed);
  Origin origin;
  TempDir dir;
  OutputKind kind(which, dir, urls_of(origin, 200));
  REQUIRE(kind.run_undisturbed() == 0);
  int struck = 0;
  // Forcing a whole file system to the disk takes its time.
  int step = is_long_run() ? 1 : which == Which::directory ? 61 : 23;
  for (int call = 1 + static_cast<int>(random() % static_cast<unsigned>(step)); call <= 200;
       call += step) {
    int error = std::array{ENOSPC, EIO, EDQUOT, EFBIG}[random() % 4];
    std::string what = random() % 3 == 0 ? "sync" : "any";
    CAPTURE(call, error, what);
    std::string place = "fault-" + number(call);
    // A commit for each few results, so that there are many calls.
    Finished done =
        Command("fetchpool_with_faults")
            .args(kind.options(place))
            .args({"--sync", "always", "-j", "2", "-p", "1"})
            .env("FETCHPOOL_TEST_FAULT", what + " " + number(call) + " " + number(error))
            .time_limit(60s)
            .run();
    CHECK((done.status == 3 || done.status == 0));
    if (done.status == 3) {
      ++struck;
      CHECK_THAT(done.err, ContainsSubstring(std::strerror(error)));
      // The first calls are made before there is anything to go on with.
      if (call > 20) CHECK_THAT(done.err, ContainsSubstring("goes on from here"));
    }
    kind.finish(place);
    fs::remove_all(dir.file(place));
  }
  // Most of the calls are made.
  CHECK(struck > (is_long_run() ? 100 : 0));
}

TEST_CASE("a limit of file size is one sentence, 3, and gone on from") {
  auto which = GENERATE(Which::list, Which::directory, Which::archive);
  CAPTURE(static_cast<int>(which));
  Origin origin;
  TempDir dir;
  OutputKind kind(which, dir, urls_of(origin, 150));
  REQUIRE(kind.run_undisturbed() == 0);
  Finished done = fetchpool(kind.options("out")).args({"-j", "4"}).limit(RLIMIT_FSIZE, 30000).run();
  CHECK(done.status == 3);
  CHECK_THAT(done.err, ContainsSubstring("File too large"));
  CHECK(lines_of(done.err) <= 6);
  kind.finish("out");
}

// Standard output is no file that a run can be gone on with, so nothing would bring them again.
TEST_CASE("records that are ready are written, although the archive cannot be") {
  Origin origin;
  TempDir dir;
  std::string urls;
  for (const std::string& url : urls_of(origin, 400)) urls += url + "\n";
  Finished done =
      Command("sh")
          .args({"-c", "exec fetchpool -p 1 -j 4 --no-body --warc \"$1\" -i \"$2\" > \"$3\"", "sh",
                 dir.file("a.warc.gz"), dir.write("urls", urls), dir.file("out")})
          .limit(RLIMIT_FSIZE, 262144)
          .time_limit(60s)
          .run();
  CHECK(done.status == 3);
  CHECK_THAT(done.err, ContainsSubstring("File too large"));
  // Up to where it was cut.
  Command gunzip("sh");
  gunzip.args({"-c", "gzip -dc < \"$1\" 2> /dev/null; true", "sh", dir.file("a.warc.gz.open")});
  std::string archive = gunzip.run().out;
  long archived = 0;
  for (std::size_t at = 0; (at = archive.find("\r\nWARC-Type: response", at)) != std::string::npos;
       ++at)
    ++archived;
  REQUIRE(archived > 20);
  // One result was in hand.
  CHECK(lines_of(read_file(dir.file("out"))) + 1 >= archived);
}

// A file system of 64 KB, which grows when the run has failed.
TEST_CASE("a disk that is full is one sentence, 3, and gone on from once there is room") {
  auto which = GENERATE(Which::list, Which::directory, Which::archive);
  CAPTURE(static_cast<int>(which));
  Origin origin;
  TempDir dir;
  OutputKind kind(which, dir, urls_of(origin, 150));
  REQUIRE(kind.run_undisturbed() == 0);
  fs::create_directory(dir.file("small"));
  std::string words;
  for (const std::string& word : kind.options("small")) words += " '" + word + "'";
  Finished done =
      Command("unshare")
          .args({geteuid() == 0 ? "-m" : "-rm", "bash", "-c",
                 "mount -t tmpfs -o size=64k none " + dir.file("small") +
                     " || exit 99; fetchpool -j 4" + words +
                     "; echo status $?; mount -o remount,size=100m none " + dir.file("small") +
                     "; fetchpool -q" + words + "; echo status $?; cp -a " + dir.file("small") +
                     "/. " + dir.file("large")})
          .time_limit(60s)
          .run();
  if (done.status == 99 || done.status == 1) {
    std::cerr << "NOT SHOWN: this system lets nobody mount a small file system\n";
    return;
  }
  CHECK(done.out == "status 3\nstatus 0\n");
  CHECK_THAT(done.err, ContainsSubstring("No space left on device"));
  CHECK(lines_of(done.err) <= 6);
  kind.check("large");
}

TEST_CASE("a directory that vanishes ends the run with 3") {
  auto which = GENERATE(Which::list, Which::directory, Which::archive);
  CAPTURE(static_cast<int>(which));
  Origin origin;
  TempDir dir;
  std::vector<std::string> urls = urls_of(origin, 30);
  for (int i = 0; i < 100; ++i) urls.push_back(origin.url("/slow?ms=50&i=" + number(i)));
  OutputKind kind(which, dir, urls);
  Running run = fetchpool(kind.options("out")).args({"-j", "2"}).start();
  CHECK(eventually([&] { return origin.requests() > 40 || !run.is_running(); }));
  fs::rename(dir.file("out"), dir.file("gone"));
  fs::remove_all(dir.file("gone"));
  Finished done = run.wait();
  CHECK(done.status == 3);
  CHECK(origin.requests() < 130);
  CHECK_THAT(done.err, ContainsSubstring("cannot"));
}

}  // namespace
}  // namespace fetchpool::test
