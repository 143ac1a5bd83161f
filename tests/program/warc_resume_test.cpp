// Interrupted runs with an archive that are gone on with by -c.
#include <csignal>
#include <filesystem>
#include <map>
#include <random>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

class WarcResumeTest {
 public:
  explicit WarcResumeTest(int urls, std::vector<std::string> options)
      : options_(std::move(options)) {
    std::string list;
    for (int i = 0; i < urls; ++i) {
      std::string number = std::to_string(i);
      urls_.push_back(origin_.url(i % 40 == 39  ? "/slow/" + number + "?ms=30&size=3000"
                                  : i % 50 == 3 ? "/ok?size=400000&i=" + number
                                                : "/gzip?size=4000&i=" + number));
      list += urls_.back() + "\n";
    }
    dir_.write("list", list);
  }

  Command go_on() const {
    return fetchpool({"-c", "-i", dir_.file("list"), "-o", dir_.file("out"), "--no-body", "--warc",
                      dir_.file("a.warc.gz"), "--warc-size", "100K", "-p", "2", "--per-host", "0"})
        .args(options_);
  }

  // Goes on and kills the program once it has asked for `requests` more pages; false: it had come
  // to its end before.
  bool go_on_and_kill(long requests) const {
    long goal = origin_.requests() + requests;
    Running run = go_on().start();
    CHECK(eventually([&] { return origin_.requests() >= goal || !run.is_running(); }, 60s));
    std::vector<Process> processes = run.processes();
    run.signal(SIGKILL);
    bool was_killed = run.wait().signal == SIGKILL;
    CHECK(wait_until_gone(processes, 10s));
    return was_killed;
  }

  // Every record of every file is whole, and each URL is there once, with its page. Returns how
  // many files there are.
  int check() const {
    std::map<std::string, int> pages;
    std::map<std::string, int> ends;
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      std::string name = entry.path().filename();
      CHECK_FALSE(name.ends_with(".open"));
      if (!name.ends_with(".warc.gz")) continue;
      ++files;
      for (const WarcRecord& record : read_warc(read_file(entry.path()))) {
        if (record.type == "response") ++pages[record.url()];
        if (record.type == "metadata") ++ends[record.url()];
      }
    }
    CHECK(pages.size() == urls_.size());
    CHECK(ends.size() == urls_.size());
    for (const std::string& url : urls_) REQUIRE((pages[url] == 1 && ends[url] == 1));
    CHECK(read_records(dir_.read("out")).size() == urls_.size());
    return files;
  }

  // The path of the archive's file that was begun last.
  std::string last_file() const {
    std::string last = "a.warc.gz";
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      std::string name = entry.path().filename();
      bool is_later = last == "a.warc.gz" || name > last;
      if (name.starts_with("a-") && name.ends_with(".warc.gz") && is_later) last = name;
    }
    return dir_.file(last);
  }

  void remove_output() const {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
      if (entry.path().filename() != "list") std::filesystem::remove(entry.path());
  }

  const TempDir& dir() const { return dir_; }

 private:
  Origin origin_;
  TempDir dir_;
  std::vector<std::string> options_;
  std::vector<std::string> urls_;
};

TEST_CASE("a run with an archive, killed again and again, has every page once in the end",
          "[warc][endurance]") {
  auto options = GENERATE(std::vector<std::string>{}, std::vector<std::string>{"--unordered"},
                          std::vector<std::string>{"--sync", "always"});
  unsigned seed = new_seed();
  CAPTURE(options);
  std::mt19937 random(seed);
  WarcResumeTest test(600, options);
  int goal = is_long_run() ? 334 : 6;
  for (int kills = 0; kills < goal; ++kills) {
    while (kills < goal && test.go_on_and_kill(static_cast<long>(random() % 300))) ++kills;
    CHECK(test.go_on().run().ok());
    int files = test.check();
    CHECK(files > 2);
    test.remove_output();
  }
}

TEST_CASE("a run that was stopped goes on in the file that it had closed", "[warc]") {
  WarcResumeTest test(1000, {"-j", "4", "--sync", "always"});
  Running run = test.go_on().start();
  CHECK(eventually([&] { return test.dir().has("a-00001.warc.gz.open") || !run.is_running(); }));
  run.signal(SIGINT);
  CHECK(run.wait().status == 130);
  CHECK_FALSE(test.dir().has("a-00001.warc.gz.open"));
  CHECK(test.go_on().run().ok());
  test.check();
}

TEST_CASE("an archive cut in its last member is found by check and completed by -c",
          "[warc][endurance]") {
  // One result at a time, so that there are many commits to go back to.
  WarcResumeTest test(60, {"--sync", "always", "-p", "1", "-j", "1"});
  REQUIRE(test.go_on().run().ok());
  std::size_t step = is_long_run() ? 1 : 41;
  for (std::size_t kept = 0;; kept += step) {
    INFO("kept " << kept << " bytes of the last member");
    std::string path = test.last_file();
    std::string text = read_file(path);
    WarcRecord last = read_warc(text).back();
    if (kept >= last.size) break;
    write_file(path, text.substr(0, last.offset + kept));
    // Between two members nobody can see that something is missing, but in an empty file.
    bool is_between = kept == 0 && last.offset > 0;
    CHECK(fetchpool({"check", path}).run().status == (is_between ? 0 : 3));
    Finished done = test.go_on().run();
    INFO(done.err);
    REQUIRE(done.ok());
    test.check();
    CHECK(fetchpool({"check", path}).run().status == 0);
    CHECK(Command("gzip").args({"-t", path}).run().ok());
  }
}

TEST_CASE("files of an archive may be moved away once they are finished, and only then", "[warc]") {
  // So slow that a file is seen before it is full.
  WarcResumeTest test(1000, {"-j", "4", "--sync", "always", "--rate", "400/s"});
  Running run = test.go_on().start();
  CHECK(eventually([&] { return test.dir().has("a-00001.warc.gz.open") || !run.is_running(); }));
  // Until a commit speaks of the second file.
  CHECK(eventually(
      [&] { return test.dir().read("a-00001.warc.gz.open").size() > 20000 || !run.is_running(); }));
  std::vector<Process> processes = run.processes();
  run.signal(SIGKILL);
  CHECK(run.wait().signal == SIGKILL);
  CHECK(wait_until_gone(processes, 10s));
  auto move = [&](const std::string& from, const std::string& to) {
    std::filesystem::rename(test.dir().file(from), test.dir().file(to));
  };
  std::string output = test.dir().read("out");
  REQUIRE_FALSE(output.empty());
  move("a.warc.gz", "elsewhere");
  move("a-00001.warc.gz.open", "lost");
  for (const char* force : {"-v", "--force"}) {
    Finished refused = test.go_on().arg(force).run();
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, ContainsSubstring("a-00001.warc.gz is missing"));
    CHECK(test.dir().read("out") == output);
  }
  move("lost", "a-00001.warc.gz.open");
  CHECK(test.go_on().run().ok());
  CHECK_FALSE(test.dir().has("a.warc.gz"));
  move("elsewhere", "a.warc.gz");
  test.check();
}

TEST_CASE("another archive, or none, is no way to go on", "[warc]") {
  WarcResumeTest test(200, {});
  REQUIRE(test.go_on_and_kill(100));
  std::string before = test.dir().read("out");
  for (const char* force : {"-v", "--force"}) {
    Finished done =
        fetchpool({"-c", "-i", test.dir().file("list"), "-o", test.dir().file("out"), "--no-body"})
            .arg(force)
            .run();
    CHECK(done.status == 2);
    CHECK_THAT(done.err, ContainsSubstring("was begun"));
    CHECK_THAT(done.err, ContainsSubstring("--warc="));
    CHECK(test.dir().read("out") == before);
  }
}

}  // namespace
}  // namespace fetchpool::test
