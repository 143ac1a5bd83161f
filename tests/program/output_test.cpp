#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/posix.h"
#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

Command shell(const std::string& line) {
  Command command("bash");
  command.args({"-o", "pipefail", "-c", line}).time_limit(60s);
  return command;
}

TEST_CASE("a reader that has seen enough ends the run though nothing further is due") {
  Origin origin;
  ListeningPort silent;
  TempDir dir;
  std::string list =
      dir.write("urls", origin.url("/ok") + "\n" + silent.url() + "\n" + origin.url("/ok") + "\n");
  Finished done = shell("fetchpool -i " + list + " --no-body | head -1").run();
  CHECK(done.took < (is_sanitized() ? 10s : 1s));
  CHECK(read_records(done.out).size() == 1);
  CHECK(done.status == 141);
  // Nobody wants to hear of it.
  CHECK(done.err.empty());
}

TEST_CASE("a list without end feeds a reader that wants 100 lines") {
  Origin origin;
  Finished done = shell("yes " + origin.url("/ok") + " | fetchpool --no-body | head -100").run();
  std::vector<Record> records = read_records(done.out);
  CHECK(records.size() == 100);
  CHECK(are_in_order(records));
  CHECK(done.status == 141);
  CHECK(done.took < 20s);
}

TEST_CASE("a closed reader is noticed while the list has nothing more to say") {
  Origin origin;
  Running run = fetchpool({"--no-body"}).start();
  run.write_stdin(origin.url("/ok") + "\n");
  REQUIRE(run.read_line());
  run.close_stdout();
  CHECK(eventually([&] { return !run.is_running(); }));
  CHECK(run.wait().status == 141);
}

TEST_CASE("a full disk is one sentence") {
  Origin origin;
  std::string url = origin.url("/ok");
  SECTION("with -o") {
    Finished done = fetchpool({"-o", "/dev/full", url}).run();
    CHECK(done.status == 3);
    CHECK_THAT(done.err, ContainsSubstring("No space left on device"));
    CHECK_THAT(done.err, ContainsSubstring("/dev/full"));
  }
  SECTION("on standard output") {
    Finished done = fetchpool({"-q", url}).stdout_file("/dev/full").run();
    CHECK(done.status == 3);
    CHECK_THAT(done.err, ContainsSubstring("No space left on device"));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
  }
}

TEST_CASE("an output that cannot be made is said before anything is fetched") {
  Origin origin;
  TempDir dir;
  Finished done = fetchpool({"-o", dir.file("none/out"), origin.url("/ok")}).run();
  CHECK(done.status == 3);
  CHECK_THAT(done.err, ContainsSubstring("No such file or directory"));
  CHECK(origin.requests() == 0);
}

TEST_CASE("an output that is what is read, by whatever name, is refused and nothing is lost") {
  TempDir dir;
  const std::string text = "http://127.0.0.1:1/\n";
  std::string list = dir.write("list", text);
  std::string other = dir.write("other", text);
  std::string config = dir.write("config", "retry = 0\n");
  REQUIRE(symlink("list", dir.file("link").c_str()) == 0);
  REQUIRE(link(list.c_str(), dir.file("hard").c_str()) == 0);
  using Words = std::vector<std::string>;
  for (const Words& words : {Words{"-i", list, "-o", list},
                             {"-i", list, "-o", dir.file("link")},
                             {"-i", dir.file("link"), "-o", dir.file("hard")},
                             {"-i", other, "-i", list, "--warc", dir.file("hard")},
                             {"-i", other, "-d", "@" + list, "-o", list},
                             {"-i", other, "-K", config, "-o", config},
                             {"-i", list, "-o", list, "-c"}}) {
    CAPTURE(words);
    Finished done = fetchpool(words).run();
    CHECK(done.status == 2);
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
    CHECK_THAT(done.err, ContainsSubstring("is the same file as"));
    CHECK(dir.read("list") == text);
  }
  CHECK(dir.read("config") == "retry = 0\n");
  CHECK_THAT(shell("fetchpool -i " + list + " >> " + list).run().err,
             ContainsSubstring("standard output is the same file as -i " + list));
  CHECK(shell("fetchpool -o - -i " + list + " >> " + list).run().status == 2);
  CHECK_THAT(shell("fetchpool -o " + list + " < " + list).run().err,
             ContainsSubstring("standard input"));
  CHECK(dir.read("list") == text);
  // What is only looked at may be anything.
  CHECK(fetchpool({"-i", list, "-o", list, "--dry-run"}).run().status == 0);
  CHECK(fetchpool({"-i", "/dev/null", "-o", "/dev/null"}).run().status == 0);
  Finished same = fetchpool({"-o", dir.file("z"), "--warc", dir.file("z"), "http://a/"}).run();
  CHECK(same.status == 2);
  CHECK_THAT(same.err, ContainsSubstring("-o and --warc name the same file"));
}

TEST_CASE("option -o /dev/null is a place like any other") {
  Origin origin;
  CHECK(fetchpool({"-o", "/dev/null", origin.url("/flaky?how=503")}).run().status == 0);
}

TEST_CASE("a reader that pauses lets nothing time out") {
  Origin origin;
  std::string list;
  // More than any pipe holds, so that the program has to wait.
  constexpr long count = 400;
  for (int i = 0; i < count; ++i)
    list += origin.url("/ok?size=100000&i=" + std::to_string(i)) + "\n";
  TempDir dir;
  std::vector<std::string> arguments = {
      "-i", dir.write("list", list), "-m", "2", "--retry", "0", "--order-window",
      "1M", "--order-spill",         "4M"};
  Running run = fetchpool(arguments).start();
  // Running reads only while it is asked to: this is the pause.
  auto since = Clock::now();
  REQUIRE(eventually([&] { return Clock::now() - since > 4s; }));
  CHECK(origin.requests() < count);
  Finished done = run.wait();
  CHECK(done.status == 0);
  std::vector<Record> records = read_records(done.out);
  CHECK(count_of(records, "ok") == count);
  CHECK(are_in_order(records));
}

TEST_CASE("closed standard descriptors receive nothing that is not theirs") {
  Origin origin;
  for (int closed = 0; closed < 8; ++closed) {
    bool no_input = closed & 1;
    bool no_output = closed & 2;
    bool no_error = closed & 4;
    CAPTURE(no_input, no_output, no_error);
    TempDir dir;
    Command command = fetchpool(
        {"-v", "-o", dir.file("out"), origin.url("/ok?size=50"), origin.url("/status/404")});
    if (no_input) command.stdin_closed();
    if (no_output) command.stdout_closed();
    if (no_error) command.stderr_closed();
    Finished done = command.run();
    CHECK(done.status == 8);
    std::vector<Record> records = read_records(dir.read("out"));
    REQUIRE(records.size() == 2);
    CHECK(records[0].body == origin_body("/ok?size=50", 50));
    CHECK(done.out.empty());
  }
}

TEST_CASE("standard output that was opened for appending is appended to") {
  Origin origin;
  TempDir dir;
  dir.write("log", "before\n");
  Finished done =
      shell("fetchpool --raw -q '" + origin.url("/ok?size=20") + "' >> " + dir.file("log")).run();
  CHECK(done.status == 0);
  CHECK(dir.read("log") == "before\n" + origin_body("/ok?size=20", 20));
}

TEST_CASE("a non-blocking standard output loses nothing") {
  Origin origin;
  auto [reader, writer] = posix::make_pipe();
  posix::set_nonblocking(writer.get(), true);
  TempDir dir;
  std::string list;
  std::string all;
  for (int i = 0; i < 20; ++i) {
    std::string target = "/ok?size=50000&i=" + std::to_string(i);
    list += origin.url(target) + "\n";
    all += origin_body(target, 50000);
  }
  Running run = shell("exec fetchpool --raw -q -i " + dir.write("list", list) + " >&" +
                      std::to_string(writer.get()))
                    .inherit(writer.get())
                    .start();
  writer.reset();
  std::string out;
  char buffer[4096];
  while (auto count = posix::read_some(reader.get(), buffer, sizeof buffer)) {
    if (*count == 0) break;
    out.append(buffer, *count);
  }
  CHECK((out == all));
  CHECK(run.wait().status == 0);
}

// More than is moved on in one go waits for the slow one, and does not end where pages do.
TEST_CASE("what is due is soon in its file, although other URLs hang") {
  Origin origin;
  TempDir dir;
  constexpr int kBodies = 7;
  constexpr std::uintmax_t kSize = 1048676;
  std::string size = "size=" + std::to_string(kSize);
  std::string list = origin.url("/slow?ms=300&" + size) + "\n";
  for (int i = 1; i < kBodies; ++i)
    list += origin.url("/ok?" + size + "&n=" + std::to_string(i)) + "\n";
  list += origin.url("/hang") + "\n";
  for (const char* form : {"--raw", "--stable"}) {
    CAPTURE(form);
    std::string file = dir.file("out");
    Running run = shell("exec fetchpool -q --per-host 0 " + std::string(form) + " -i " +
                        dir.write("urls", list) + " > " + file)
                      .start();
    auto is_due = [&] {
      if (std::string(form) == "--raw") return std::filesystem::file_size(file) == kBodies * kSize;
      std::string written = read_file(file);
      return std::count(written.begin(), written.end(), '\n') == kBodies;
    };
    CHECK(eventually([&] { return std::filesystem::exists(file) && is_due(); }));
    run.signal(SIGTERM);
    run.signal(SIGINT);
    run.wait();
    std::filesystem::remove(file);
  }
}

TEST_CASE("raw output has the bodies of what is ok and names the others") {
  Origin origin;
  Finished done =
      fetchpool({"--raw", "--retry", "0", origin.url("/ok?size=30"), origin.url("/status/404"),
                 origin.url("/short-body"), origin.url("/ok?size=31")})
          .run();
  CHECK(done.status == 4);
  CHECK(done.out == origin_body("/ok?size=30", 30) + origin_body("/ok?size=31", 31));
  CHECK_THAT(done.err, ContainsSubstring(origin.url("/status/404")));
  CHECK_THAT(done.err, ContainsSubstring(origin.url("/short-body")));
}

}  // namespace
}  // namespace fetchpool::test
