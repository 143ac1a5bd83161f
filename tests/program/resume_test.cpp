// Interrupted runs that are gone on with by -c.
#include <csignal>
#include <filesystem>
#include <random>
#include <sstream>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// A list, and what an undisturbed run makes of it.
class ResumeTest {
 public:
  ResumeTest(int urls, std::vector<std::string> options) : options_(std::move(options)) {
    for (int i = 0; i < urls; ++i) {
      std::string number = std::to_string(i);
      lines_.push_back(origin_.url(i % 40 == 39   ? "/slow/" + number + "?ms=30&size=3000"
                                   : i % 50 == 3  ? "/ok?size=300000&i=" + number
                                   : i % 20 == 11 ? "/status/404?i=" + number
                                                  : "/gzip?size=4000&i=" + number));
    }
    write_list(lines_);
    undisturbed_ = command("undisturbed").run();
    REQUIRE(undisturbed_.status == 8);
    expected_ = sorted(dir_.read("undisturbed"));
    origin_.reset_counts();
  }

  void write_list(const std::vector<std::string>& lines) const {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    dir_.write("list", text);
  }

  Command command(const std::string& output, const std::vector<std::string>& more = {}) const {
    return fetchpool({"-i", dir_.file("list"), "-o", dir_.file(output), "--stable", "-p", "2", "-j",
                      "24", "--per-host", "0"})
        .args(options_)
        .args(more);
  }

  // Goes on and kills the program once it has asked for `requests` more pages; false: it had come
  // to its end before.
  bool go_on_and_kill(long requests) const {
    long goal = origin_.requests() + requests;
    Running run = command("out", {"-c"}).start();
    CHECK(eventually([&] { return origin_.requests() >= goal || !run.is_running(); }, 60s));
    std::vector<Process> processes = run.processes();
    run.signal(SIGKILL);
    bool was_killed = run.wait().signal == SIGKILL;
    CHECK(wait_until_gone(processes, 10s));
    return was_killed;
  }

  void go_on_to_end() const {
    Finished done = command("out", {"-c"}).run();
    CHECK(done.status == undisturbed_.status);
    CHECK((sorted(dir_.read("out")) == expected_));
  }

  const Origin& origin() const { return origin_; }
  const TempDir& dir() const { return dir_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  bool is_unordered() const {
    return std::find(options_.begin(), options_.end(), "--unordered") != options_.end();
  }
  // Unordered, the records stand in any order; each must be there once.
  std::string sorted(const std::string& text) const {
    if (!is_unordered()) return text;
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }

  Origin origin_;
  TempDir dir_;
  std::vector<std::string> options_;
  std::vector<std::string> lines_;
  Finished undisturbed_;
  std::string expected_;
};

TEST_CASE("a run killed again and again ends with the output of an undisturbed one",
          "[endurance]") {
  auto options = GENERATE(std::vector<std::string>{}, std::vector<std::string>{"--raw"},
                          std::vector<std::string>{"--unordered"},
                          std::vector<std::string>{"--sync", "none", "--order-window", "64K"});
  unsigned seed = new_seed();
  CAPTURE(options);
  std::mt19937 random(seed);
  ResumeTest test(600, options);
  int goal = is_long_run() ? 250 : 6;
  int kills = 0;
  while (kills < goal) {
    for (; kills < goal && test.go_on_and_kill(static_cast<long>(random() % 300)); ++kills) {
    }
    test.go_on_to_end();
    ++kills;
    std::filesystem::remove(test.dir().file("out"));
    std::filesystem::remove(test.dir().file("out.journal"));
  }
}

TEST_CASE("what was committed is not fetched again, with -c at the first run or without") {
  Origin origin;
  ListeningPort silent;
  TempDir dir;
  std::string list;
  for (int i = 0; i < 200; ++i) list += origin.url("/ok?i=" + std::to_string(i)) + "\n";
  dir.write("short", list);
  dir.write("list", list + silent.url() + "\n");
  Command command = fetchpool({"-o", dir.file("out"), "--stable", "-m", "60"});
  for (bool at_first : {false, true}) {
    Running run = (at_first ? Command(command).arg("-c") : Command(command))
                      .args({"-i", dir.file("list")})
                      .start();
    // The commit comes with time, whatever else happens.
    CHECK(
        eventually([&] { return dir.has("out.journal") && dir.read("out.journal").size() > 100; }));
    run.signal(SIGKILL);
    run.wait();
    origin.reset_counts();
    CHECK(Command(command).args({"-c", "-i", dir.file("short")}).run().status == 0);
    CHECK(origin.requests() < 200);
    std::vector<Record> records = read_records(dir.read("out"));
    CHECK(records.size() == 200);
    CHECK(are_in_order(records));
    std::filesystem::remove(dir.file("out"));
    std::filesystem::remove(dir.file("out.journal"));
  }
}

TEST_CASE("without -c the journal of a complete run is taken away") {
  Origin origin;
  TempDir dir;
  CHECK(fetchpool({"-o", dir.file("out"), origin.url("/ok"), origin.url("/status/404")})
            .run()
            .status == 8);
  CHECK(dir.has("out"));
  CHECK_FALSE(dir.has("out.journal"));
}

TEST_CASE("a run stopped by a signal is gone on with where it was") {
  ResumeTest test(600, {});
  Running run = test.command("out", {"-c"}).start();
  CHECK(eventually([&] { return test.origin().requests() > 100; }));
  run.signal(SIGINT);
  Finished stopped = run.wait();
  CHECK(stopped.status == 130);
  CHECK_THAT(stopped.err, ContainsSubstring("the same command with -c goes on from here"));
  long before = count_of(read_records(test.dir().read("out")), "cancelled");
  CHECK(before > 0);
  test.origin().reset_counts();
  test.go_on_to_end();
  CHECK(test.origin().requests() < before + 100);
}

TEST_CASE("with -c a complete run is left as it is, and a longer list is gone on with") {
  ResumeTest test(100, {});
  test.go_on_to_end();
  test.origin().reset_counts();
  test.go_on_to_end();
  CHECK(test.origin().requests() == 0);
  std::vector<std::string> longer = test.lines();
  longer.push_back(test.origin().url("/ok?the=last"));
  test.write_list(longer);
  CHECK(test.command("out", {"-c"}).run().status == 8);
  CHECK(test.origin().requests() == 1);
  std::vector<Record> records = read_records(test.dir().read("out"));
  REQUIRE(records.size() == 101);
  CHECK(are_in_order(records));
  CHECK(records.back().input == longer.back());
}

TEST_CASE("a list from standard input is gone on with, too") {
  Origin origin;
  TempDir dir;
  std::string list;
  for (int i = 0; i < 200; ++i) list += origin.url("/ok?i=" + std::to_string(i)) + "\n";
  std::vector<std::string> arguments = {"-c", "--stable", "-o", dir.file("out")};
  Running run = fetchpool(arguments).start();
  run.write_stdin(list.substr(0, list.size() / 2));
  // The commit comes with time, whatever else happens.
  CHECK(eventually([&] { return origin.requests() >= 99; }));
  CHECK(eventually([&] {
    return count_of(read_records(dir.read("out")), "ok") >= 99 &&
           dir.read("out.journal").size() > 100;
  }));
  run.signal(SIGKILL);
  run.wait();
  origin.reset_counts();
  CHECK(fetchpool(arguments).stdin_text(list).run().status == 0);
  CHECK(origin.requests() < 200);
  std::vector<Record> records = read_records(dir.read("out"));
  CHECK(records.size() == 200);
  CHECK(are_in_order(records));
}

// Refused with 2, and nothing was touched.
void check_refused(const ResumeTest& test, const std::vector<std::string>& more,
                   const std::string& why) {
  std::string before = test.dir().read("out");
  Finished done = test.command("out", more).run();
  CHECK(done.status == 2);
  CHECK_THAT(done.err, ContainsSubstring(why));
  CHECK((test.dir().read("out") == before));
}

TEST_CASE("what cannot be gone on with is refused and says why") {
  ResumeTest test(120, {});
  std::vector<std::string> lines = test.lines();
  SECTION("without a journal") {
    test.dir().write("out", "somebody's file");
    check_refused(test, {"-c"}, "no journal of its run");
    CHECK_FALSE(test.dir().has("out.journal"));
  }
  SECTION("a journal that is none") {
    test.dir().write("out", "x");
    test.dir().write("out.journal", "my notes");
    check_refused(test, {"-c"}, "is not a journal");
    CHECK(test.command("out").run().status == 8);
    CHECK(test.dir().read("out.journal") == "my notes");
  }
  SECTION("another list, unless forced") {
    test.go_on_to_end();
    std::swap(lines[3], lines[4]);
    test.write_list(lines);
    check_refused(test, {"-c"}, "the list is not the one");
    CHECK(test.command("out", {"-c", "--force"}).run().status == 8);
  }
  SECTION("a shorter list") {
    test.go_on_to_end();
    lines.resize(100);
    test.write_list(lines);
    check_refused(test, {"-c"}, "it has 100 URLs, and 120 were taken from it");
  }
  SECTION("options that shape the output") {
    test.go_on_to_end();
    check_refused(test, {"-c", "--no-body"}, "was begun without --no-body");
    check_refused(test, {"-c", "--unordered"}, "was begun without --unordered");
    check_refused(test, {"-c", "-X", "PUT"}, "was begun without --request=PUT");
    check_refused(test, {"-c", "-d", "canary"}, "was begun without --data=");
    check_refused(test, {"-c", "--base", "http://other/"}, "without --base=http://other/");
  }
  SECTION("but not other options") {
    test.go_on_to_end();
    CHECK(test.command("out", {"-c", "--retry", "5", "-m", "99", "--max-filesize", "1G"})
              .run()
              .status == 8);
  }
  SECTION("standard output and what is no file") {
    CHECK(fetchpool({"-c", "http://127.0.0.1/"}).run().status == 2);
    CHECK(fetchpool({"-c", "-o", "/dev/null", "http://127.0.0.1/"}).run().status == 2);
    CHECK(fetchpool({"--force", "-o", "/dev/null", "http://127.0.0.1/"}).run().status == 2);
    CHECK(fetchpool({"--sync", "often", "-o", "/dev/null", "http://127.0.0.1/"}).run().status == 2);
  }
}

TEST_CASE("a second program at the same output is refused") {
  ListeningPort silent;
  Origin origin;
  TempDir dir;
  std::vector<std::string> arguments = {"-o", dir.file("out"), origin.url("/ok"), silent.url()};
  Running first = fetchpool(arguments).start();
  REQUIRE(eventually([&] { return dir.has("out") && !dir.read("out").empty(); }));
  for (const char* option : {"-c", "-v"}) {
    Finished second = fetchpool(arguments).arg(option).run();
    CHECK(second.status == 2);
    CHECK_THAT(second.err, ContainsSubstring("another fetchpool is at work here"));
  }
  CHECK_FALSE(dir.read("out").empty());
  first.signal(SIGINT);
  first.wait_for_err("stopping");
  first.signal(SIGTERM);
  CHECK(first.wait().status == 130);
}

}  // namespace
}  // namespace fetchpool::test
