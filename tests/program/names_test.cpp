// Host names: what the name service says, and what happens when it says nothing.
#include <algorithm>
#include <filesystem>

#include "program/outcome_case.h"
#include "support/catch.h"
#include "support/name_server.h"
#include "support/network_namespace.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// Threads of a process beyond its first one.
int extra_threads(pid_t pid) {
  std::error_code gone;
  std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid) + "/task", gone);
  return gone ? 0 : static_cast<int>(std::distance(begin(tasks), end(tasks))) - 1;
}

Record fetched(const std::string& url, const std::vector<std::string>& arguments = {}) {
  return read_records(fetchpool(arguments).arg(url).run().out).at(0);
}

TEST_CASE("144 and 145: a name that does not exist is final, a name service that fails is not") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  NameServer names({"here.test=127.0.0.1", "fails.test=fails"});
  Origin origin;
  std::string port = ":" + std::to_string(origin.port());

  CHECK(fetched("http://here.test" + port + "/ok").outcome == "ok");
  CHECK(fetched("http://here.test." + port + "/ok").outcome == "ok");
  Record missing = fetched("http://missing.test/", {"--retry", "2"});
  CHECK(missing.outcome == "dns");
  CHECK(missing.num_attempts == 1);
  CHECK_THAT(missing.error, ContainsSubstring("not found"));
  CHECK_THAT(fetchpool({"--retry", "2", "http://fails.test/"}).run().err,
             ContainsSubstring("2 more attempts"));
  Record failing = fetched("http://fails.test/", {"--retry", "2"});
  CHECK(failing.outcome == "dns");
  CHECK(failing.num_attempts == 3);
  CHECK_THAT(failing.error, ContainsSubstring("the name service failed"));
  CHECK(failing.exit_code == 4);
}

TEST_CASE("a look-up that fails late is told to who waited for it without a place") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  SilentNameServer names;
  // The system gives up after a second, long after a place was given up.
  for (const std::vector<std::string>& urls :
       {std::vector<std::string>{"http://a.test/"}, {"http://a.test/1", "http://a.test/2"}}) {
    Finished done = fetchpool({"--retry", "0", "--connect-timeout", "30"})
                        .args(urls)
                        .env("RES_OPTIONS", "timeout:1 attempts:1")
                        .run();
    for (const Record& record : read_records(done.out)) {
      CHECK(record.outcome == "dns");
      CHECK_THAT(record.error, ContainsSubstring("the name service failed"));
      CHECK(record.num_attempts == 1);
    }
    CHECK(done.status == 4);
  }
}

TEST_CASE("an attempt after a look-up that failed late is a look-up of its own") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  SilentNameServer names;
  Finished done = fetchpool({"--retry", "1", "--retry-delay", "1ms", "--connect-timeout", "30"})
                      .arg("http://a.test/")
                      .env("RES_OPTIONS", "timeout:1 attempts:1")
                      .run();
  Record record = read_records(done.out).at(0);
  CHECK(record.outcome == "dns");
  CHECK(record.num_attempts == 2);
  // The system gives each of them up after a second.
  CHECK(done.took >= 2s);
}

TEST_CASE("all addresses of a name are tried") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  // Nobody listens at the first ones.
  NameServer names({"many.test=127.0.0.9,127.0.0.8,127.0.0.1", "none.test=127.0.0.9,127.0.0.8",
                    "six.test=::1,127.0.0.1"});
  Origin origin;
  std::string port = ":" + std::to_string(origin.port());
  CHECK(fetched("http://many.test" + port + "/ok").outcome == "ok");
  CHECK(fetched("http://six.test" + port + "/ok").outcome == "ok");
  CHECK(fetched("http://none.test" + port + "/ok").outcome == "connect");
}

TEST_CASE("a name is looked up once for all its pages") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  // The second answer leads nowhere.
  NameServer names({"once.test=127.0.0.1/127.0.0.9"});
  Origin origin;
  std::vector<std::string> arguments = {"-p", "1", "--retry", "0"};
  for (int i = 0; i < 100; ++i)
    arguments.push_back("http://once.test:" + std::to_string(origin.port()) +
                        "/connection-close?i=" + std::to_string(i));
  Finished done = fetchpool(arguments).run();
  CHECK(count_of(read_records(done.out), "ok") == 100);
}

TEST_CASE("144: hosts whose addresses are known need no name service any more") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  auto names = std::make_optional<NameServer>(std::vector<std::string>{"known.test=127.0.0.1"});
  Origin origin;
  std::string known = "http://known.test:" + std::to_string(origin.port());
  Running run =
      fetchpool({"-p", "1", "--no-body", "--retry", "0", "--connect-timeout", "5"}).start();
  run.write_stdin(known + "/ok?first\n");
  REQUIRE(run.read_line());
  names.reset();
  SilentNameServer silent;
  std::string list;
  for (int i = 0; i < 100; ++i) {
    list += known + "/connection-close?i=" + std::to_string(i) + "\n";
    list += "http://unknown" + std::to_string(i) + ".test/\n";
  }
  auto begun = std::chrono::steady_clock::now();
  run.write_stdin(list);
  while (origin.counts("/connection-close").requests < 100)
    REQUIRE(std::chrono::steady_clock::now() - begun < 60s);
  // Before the first of the unknown names was given up.
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  Finished done = run.wait();
  std::vector<Record> records = read_records(done.out);
  CHECK(count_of(records, "ok") == 101);
  CHECK(count_of(records, "timeout_connect") + count_of(records, "dns") == 100);
}

TEST_CASE("144: a silent name service is not waited for by those who need it not") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  SilentNameServer names;
  Origin origin;
  const int count = is_long_run() ? 5000 : 200;
  const int pages = 200;
  std::string list;
  // Names first, many more than there are places for transfers.
  for (int i = 0; i < count; ++i) list += "http://name" + std::to_string(i) + ".test/\n";
  for (int i = 0; i < pages; ++i) list += origin.url("/ok?size=10&i=" + std::to_string(i)) + "\n";
  TempDir dir;
  Running run = fetchpool({"-i", dir.write("list", list), "-o", dir.file("out"), "--no-body", "-p",
                           "2", "-j", "16", "--retry", "0", "--connect-timeout", "8", "-q"})
                    .time_limit(10min)
                    .start();
  auto begun = std::chrono::steady_clock::now();
  int most_threads = 0;
  // Before the first of the names can have been given up, all pages have been asked for.
  while (origin.counts("/ok").requests < pages) {
    for (const Process& process : run.processes())
      most_threads = std::max(most_threads, extra_threads(process.pid));
    REQUIRE(std::chrono::steady_clock::now() - begun < 60s);
  }
  auto pages_took = std::chrono::steady_clock::now() - begun;
  INFO(std::chrono::duration_cast<std::chrono::milliseconds>(pages_took).count() << " ms");
  CHECK(pages_took < 8s);
  while (run.is_running())
    for (const Process& process : run.processes())
      most_threads = std::max(most_threads, extra_threads(process.pid));
  run.wait();
  std::vector<Record> records = read_records(dir.read("out"));
  CHECK(count_of(records, "ok") == pages);
  CHECK(count_of(records, "timeout_connect") + count_of(records, "dns") == count);
  CHECK(most_threads == 16);
}

}  // namespace
}  // namespace fetchpool::test
