#include <sys/resource.h>

#include <csignal>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

constexpr int running_urls = 4;
constexpr int waiting_urls = 60;

// A run of which four URLs are being fetched when it is stopped.
class StopTest {
 public:
  StopTest() {
    std::string list;
    for (int i = 0; i < running_urls; ++i)
      list += origin_.url("/slow/" + std::to_string(i) + "?ms=1500") + "\n";
    for (int i = 0; i < waiting_urls; ++i) list += origin_.url("/ok?i=" + std::to_string(i)) + "\n";
    dir_.write("list", list);
  }

  std::vector<std::string> arguments() const {
    return {"-i",
            dir_.file("list"),
            "-o",
            dir_.file("out"),
            "--stable",
            "-p",
            "2",
            "-j",
            std::to_string(running_urls),
            "--per-host",
            "0"};
  }

  // Waits until the first URLs have been asked for.
  void wait_until_running() const {
    REQUIRE(
        eventually([&] { return origin_.counts_of_behaviour("/slow").requests == running_urls; }));
  }

  // The end every way of stopping has: what ran is there, the rest is cancelled.
  std::string check_end(const Finished& done, int status) const {
    CHECK(done.status == status);
    CHECK(origin_.counts_of_behaviour("/ok").requests == 0);
    std::string out = dir_.read("out");
    std::vector<Record> records = read_records(out);
    CHECK(records.size() == running_urls + waiting_urls);
    CHECK(are_in_order(records));
    for (const Record& record : records) {
      INFO(record.input << " " << record.error);
      CHECK(record.outcome == (record.seq < running_urls ? "ok" : "cancelled"));
    }
    return out;
  }

 private:
  Origin origin_;
  TempDir dir_;
};

TEST_CASE("Ctrl-C on a terminal ends the run in order") {
  StopTest test;
  Running run = fetchpool(test.arguments()).on_terminal().start();
  test.wait_until_running();
  run.type("\x03");
  test.check_end(run.wait(), 130);
}

TEST_CASE("timeout -s TERM, which signals the whole group, ends the run in order") {
  StopTest test;
  Command command("timeout");
  Running run = command.args({"-s", "TERM", "60", "fetchpool"}).args(test.arguments()).start();
  test.wait_until_running();
  // As timeout itself does when its time is up: first its child, then the group.
  run.signal(SIGALRM);
  Finished done = run.wait();
  test.check_end({done}, 124);
}

TEST_CASE("every way of stopping leaves the same records") {
  StopTest by_parent;
  Running first = fetchpool(by_parent.arguments()).start();
  by_parent.wait_until_running();
  first.signal(SIGTERM);
  by_parent.check_end(first.wait(), 143);

  StopTest by_group;
  Running second = fetchpool(by_group.arguments()).start();
  by_group.wait_until_running();
  second.signal_group(SIGTERM);
  by_group.check_end(second.wait(), 143);
}

TEST_CASE("SIGINT and SIGHUP stop a run, too") {
  StopTest interrupted;
  Running first = fetchpool(interrupted.arguments()).start();
  interrupted.wait_until_running();
  first.signal(SIGINT);
  interrupted.check_end(first.wait(), 130);

  StopTest hung_up;
  Running second = fetchpool(hung_up.arguments()).start();
  hung_up.wait_until_running();
  second.signal_group(SIGHUP);
  hung_up.check_end(second.wait(), 129);
}

TEST_CASE("under nohup a hang-up changes nothing") {
  Origin origin;
  Running run = fetchpool({"--no-body"}).ignore_signal(SIGHUP).start();
  run.write_stdin(origin.url("/ok") + "\n");
  REQUIRE(run.read_line());
  run.signal_group(SIGHUP);
  run.write_stdin(origin.url("/ok?size=3") + "\n");
  std::optional<std::string> line = run.read_line();
  REQUIRE(line);
  CHECK(read_record(*line).ok);
  CHECK(run.wait().status == 0);
}

TEST_CASE("a second signal ends the run at once") {
  ListeningPort silent;
  Origin origin;
  TempDir dir;
  dir.write("out", "");
  Running run =
      fetchpool({"-o", dir.file("out"), origin.url("/ok"), silent.url()}).on_terminal().start();
  REQUIRE(eventually([&] { return !dir.read("out").empty(); }));
  REQUIRE(silent.wait_for_client());
  run.type("\x03");
  run.wait_for_terminal("stopping after 1 running transfer");
  CHECK(run.is_running());
  run.type("\x03");
  auto asked = std::chrono::steady_clock::now();
  Finished done = run.wait();
  CHECK(std::chrono::steady_clock::now() - asked < 5s);
  CHECK(done.status == 130);
  std::vector<Record> records = read_records(dir.read("out"));
  REQUIRE(records.size() == 2);
  CHECK(records[1].outcome == "cancelled");
}

TEST_CASE("a run that only waits for its list ends at the first signal") {
  Running run = fetchpool().start();
  run.signal(SIGTERM);
  CHECK(run.wait().status == 143);
}

TEST_CASE("the summary says which signal stopped the run") {
  ListeningPort silent;
  Running run = fetchpool({silent.url(), "-m", "1"}).start();
  CHECK(eventually([&] { return run.processes().size() >= 4; }));
  run.signal(SIGTERM);
  CHECK_THAT(run.wait().err, ContainsSubstring("SIGTERM"));
}

// A shell stops all processes of a job, for as long as it likes.
TEST_CASE("being stopped and continued makes no URL fail") {
  Origin origin;
  std::vector<std::string> arguments = {"-m", "2", "--retry", "0", "-p", "2", "--per-host", "0"};
  for (int i = 0; i < 8; ++i)
    arguments.push_back(origin.url("/slow/" + std::to_string(i) + "?ms=500"));
  Running run = fetchpool(arguments).start();
  REQUIRE(eventually([&] { return origin.counts_of_behaviour("/slow").requests == 8; }));
  run.signal_group(SIGSTOP);
  auto all_in_state = [&](bool stopped) {
    for (const Process& process : run.processes())
      if ((process.state == 'T') != stopped) return false;
    return true;
  };
  REQUIRE(eventually([&] { return all_in_state(true); }));
  // The answers come and the time of the URLs passes meanwhile.
  auto since = std::chrono::steady_clock::now();
  REQUIRE(eventually([&] { return std::chrono::steady_clock::now() - since > 3s; }));
  run.signal_group(SIGCONT);
  Finished done = run.wait();
  CHECK(done.status == 0);
  std::vector<Record> records = read_records(done.out);
  CHECK(count_of(records, "ok") == 8);
}

}  // namespace
}  // namespace fetchpool::test
