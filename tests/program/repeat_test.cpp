// Fetching again only what is worth it: --retry-failed, --skip-existing, --fail-early.
#include <csignal>
#include <filesystem>
#include <random>

#include "program/output_kind.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A list of which each third URL fails once.
class FlakyList {
 public:
  explicit FlakyList(int urls) : urls_(urls) {
    std::string list;
    for (int i = 0; i < urls; ++i) list += origin_.url(target(i)) + "\n";
    dir_.write("list", list);
  }

  Command command(const std::vector<std::string>& more) const {
    return fetchpool({"-c", "-i", dir_.file("list"), "--stable", "--retry", "0"}).args(more);
  }
  const Origin& origin() const { return origin_; }
  const TempDir& dir() const { return dir_; }
  int flaky() const { return (urls_ + 2) / 3; }

  // The records of a file: all are there once, in order, and `failed` are not ok.
  void check_records(const std::string& name, long failed) const {
    std::vector<Record> records = read_records(dir_.read(name));
    REQUIRE(static_cast<int>(records.size()) == urls_);
    CHECK(are_in_order(records));
    CHECK(count_of(records, "ok") == urls_ - failed);
    for (int i = 0; i < urls_; ++i)
      REQUIRE(records[static_cast<std::size_t>(i)].input == origin_.url(target(i)));
  }

 private:
  static std::string target(int i) {
    return (i % 3 == 0 ? "/flaky?size=200&i=" : "/ok?size=200&i=") + std::to_string(i);
  }

  int urls_;
  Origin origin_;
  TempDir dir_;
};

TEST_CASE("failures are kept, and with --retry-failed fetched again in their places") {
  FlakyList test(60);
  std::vector<std::string> out = {"-o", test.dir().file("out")};
  CHECK(test.command(out).run().status == 8);
  test.check_records("out", test.flaky());
  std::string before = test.dir().read("out");
  CHECK(test.command(out).run().status == 8);
  CHECK(test.dir().read("out") == before);
  long asked = test.origin().requests();
  Finished again = test.command(out).arg("--retry-failed").run();
  CHECK(again.status == 0);
  CHECK_THAT(again.err, ContainsSubstring("fetching 20 failed URLs of an earlier run again"));
  CHECK(test.origin().requests() == asked + test.flaky());
  test.check_records("out", 0);
  // What was good is as it was, byte for byte.
  std::istringstream lines(test.dir().read("out"));
  std::istringstream lines_before(before);
  std::string line;
  std::string line_before;
  while (std::getline(lines_before, line_before) && std::getline(lines, line))
    if (line_before.find("\"ok\":true") != std::string::npos) REQUIRE(line == line_before);
  CHECK(fetchpool({"check", test.dir().file("out")}).run().status == 0);
  CHECK_FALSE(test.dir().has("out.earlier"));
  CHECK_FALSE(test.dir().has("out.earlier.journal"));
  // Nothing is left to do.
  CHECK(test.command(out).arg("--retry-failed").run().status == 0);
  CHECK(test.origin().requests() == asked + test.flaky());
}

TEST_CASE("failures in a directory are fetched again") {
  FlakyList test(30);
  std::vector<std::string> out = {"-P", test.dir().file("out"), "--keep-partial"};
  CHECK(test.command(out).run().status == 8);
  CHECK(test.command(out).arg("--retry-failed").run().status == 0);
  test.check_records("out/manifest.jsonl", 0);
  CHECK(test.dir().read("out/failed.txt").empty());
  Finished check = fetchpool({"check", test.dir().file("out")}).run();
  CHECK(check.status == 0);
  CHECK_THAT(check.err, ContainsSubstring("30 body files"));
}

TEST_CASE("an archive has what failed and what came in the end", "[warc]") {
  FlakyList test(30);
  std::vector<std::string> out = {"-o",     test.dir().file("out"),       "--no-body",
                                  "--warc", test.dir().file("a.warc.gz"), "--warc-size",
                                  "8K"};
  CHECK(test.command(out).run().status == 8);
  CHECK(test.command(out).arg("--retry-failed").run().status == 0);
  test.check_records("out", 0);
  std::size_t ends = 0;
  for (const auto& [name, text] : files_beneath(test.dir().path())) {
    CHECK_FALSE(name.ends_with(".open"));
    if (name.ends_with(".warc.gz")) ends += of_type(read_warc(text), "metadata").size();
  }
  CHECK(ends == 30U + static_cast<std::size_t>(test.flaky()));
}

TEST_CASE("a run that fetches failures again may be killed at any time", "[warc][endurance]") {
  int kind = GENERATE(0, 1, 2);
  unsigned seed = new_seed();
  CAPTURE(kind);
  std::mt19937 random(seed);
  int rounds = is_long_run() ? 100 : 3;
  for (int round = 0; round < rounds; ++round) {
    FlakyList test(300);
    std::vector<std::string> out = {"-j", "8"};
    if (kind == 1)
      out.insert(out.end(), {"-P", test.dir().file("out")});
    else
      out.insert(out.end(), {"-o", test.dir().file("out")});
    if (kind == 2) out.insert(out.end(), {"--warc", test.dir().file("a.warc.gz")});
    REQUIRE(test.command(out).run().status == 8);
    out.push_back("--sync");
    out.push_back("always");
    int kills = 0;
    for (; kills < 4; ++kills) {
      long goal = test.origin().requests() + static_cast<long>(random() % 40);
      Running run = test.command(out).arg("--retry-failed").start();
      CHECK(eventually([&] { return test.origin().requests() >= goal || !run.is_running(); }));
      std::vector<Process> processes = run.processes();
      run.signal(SIGKILL);
      bool was_killed = run.wait().signal == SIGKILL;
      CHECK(wait_until_gone(processes, 10s));
      if (!was_killed) break;
    }
    // Whatever was begun is gone on with, also where nobody asks for it any more.
    bool asks = random() % 2 == 0;
    Finished done = asks ? test.command(out).arg("--retry-failed").run() : test.command(out).run();
    int left = static_cast<int>(count_of(
        read_records(test.dir().read(kind == 1 ? "out/manifest.jsonl" : "out")), "http_error"));
    CHECK(done.status == (left == 0 ? 0 : 8));
    if (asks) CHECK(left == 0);
    test.check_records(kind == 1 ? "out/manifest.jsonl" : "out", left);
    CHECK(fetchpool({"check", test.dir().file("out")}).run().status == 0);
    CHECK_FALSE(test.dir().has("out.earlier"));
    CHECK_FALSE(test.dir().has("out/.job/earlier"));
  }
}

TEST_CASE("another list is refused before anything is fetched again") {
  FlakyList test(30);
  std::vector<std::string> out = {"-o", test.dir().file("out")};
  CHECK(test.command(out).run().status == 8);
  std::string before = test.dir().read("out");
  std::string list = test.dir().read("list");
  test.dir().write("list", list.substr(0, list.size() / 2) + "x\n");
  CHECK(test.command(out).arg("--retry-failed").run().status == 2);
  CHECK(test.command(out).args({"--retry-failed", "--force"}).run().status == 2);
  CHECK(test.dir().read("out") == before);
  CHECK_FALSE(test.dir().has("out.earlier"));
}

TEST_CASE("what cannot be combined with --retry-failed and --skip-existing is refused") {
  std::vector<std::vector<std::string>> wrong = {
      {"--retry-failed", "-o", "x"},
      {"--retry-failed", "-c", "-o", "x", "--raw"},
      {"--retry-failed", "-c", "-o", "x", "--unordered"},
      {"--skip-existing", "-o", "x"},
      {"--skip-existing", "-P", "x", "--output-template", "{status}"}};
  for (const auto& arguments : wrong)
    CHECK(fetchpool(arguments).arg("http://127.0.0.1/").run().status == 2);
}

TEST_CASE("with --skip-existing what is there is not fetched") {
  auto name_template = GENERATE(std::string(), std::string("{host}/{basename}-{seq}"),
                                std::string("{basename}{ext}"));
  CAPTURE(name_template);
  Origin origin;
  TempDir dir;
  std::string list;
  for (int i = 0; i < 20; ++i) list += origin.url("/ok?size=50&i=" + std::to_string(i)) + "\n";
  list += origin.url("/status/404") + "\n";
  Command command = fetchpool({"-P", dir.file("out"), "--skip-existing"});
  if (!name_template.empty()) command.args({"--output-template", name_template});
  CHECK(Command(command).stdin_text(list).run().status == 8);
  CHECK(origin.requests() == 21);
  auto bodies = files_beneath(dir.file("out"));
  CHECK(Command(command).stdin_text(list).run().status == 8);
  CHECK(origin.requests() == 22);
  std::vector<Record> records = read_records(dir.read("out/manifest.jsonl"));
  CHECK(count_of(records, "skipped_existing") == 20);
  CHECK(are_in_order(records));
  CHECK(fetchpool({"check", dir.file("out")}).run().status == 0);
  // The earlier manifest is there, and so are all bodies, which nobody has touched.
  auto after = files_beneath(dir.file("out"));
  CHECK(after.at("manifest-1.jsonl") == bodies.at("manifest.jsonl"));
  for (const auto& [name, body] : bodies)
    if (body.size() == 50) CHECK(after.at(name) == body);
  CHECK(after.size() == bodies.size() + 1);
  // Without it, that directory is somebody's.
  CHECK(fetchpool({"-P", dir.file("out"), origin.url("/ok")}).run().status == 2);
}

TEST_CASE("what somebody else has put there counts as there, but no link") {
  Origin origin;
  TempDir dir;
  dir.write("out/ok-0", "theirs");
  fs::create_symlink(dir.write("elsewhere", "untouched"), dir.file("out/ok-1"));
  fs::create_directories(dir.file("out/ok-2"));
  dir.write("out/ok-3.part", "half");
  std::string list;
  for (int i = 0; i < 4; ++i) list += origin.url("/ok?size=50&i=" + std::to_string(i)) + "\n";
  std::vector<std::string> arguments = {"-P", dir.file("out"), "--skip-existing",
                                        "--output-template", "{basename}-{seq}"};
  CHECK(fetchpool(arguments).stdin_text(list).run().status == 0);
  CHECK(origin.requests() == 3);
  CHECK(dir.read("out/ok-0") == "theirs");
  CHECK(dir.read("elsewhere") == "untouched");
  CHECK_THAT(dir.read("out/manifest.jsonl"), ContainsSubstring("\"body_file\":\"ok-0\""));
}

TEST_CASE("with --fail-early nothing is begun once a URL failed") {
  Origin origin;
  std::string list = origin.url("/ok") + "\n" + origin.url("/status/404") + "\n";
  for (int i = 0; i < 500; ++i) list += origin.url("/ok?i=" + std::to_string(i)) + "\n";
  TempDir dir;
  dir.write("list", list);
  std::vector<std::string> arguments = {"-i", dir.file("list"), "-o", dir.file("out")};
  Finished done = fetchpool(arguments).args({"--fail-early", "-j", "2", "-p", "1"}).run();
  CHECK(done.status == 9);
  CHECK_THAT(done.err, ContainsSubstring("1 URL failed: what has not begun is left"));
  CHECK(origin.requests() < 100);
  CHECK(fetchpool(arguments).arg("-c").run().status == 8);
  CHECK(read_records(dir.read("out")).size() == 502);
}

}  // namespace
}  // namespace fetchpool::test
