#include <sys/stat.h>

#include <csignal>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

std::vector<Record> records_of(const std::string& list) {
  return read_records(fetchpool({"--retry", "0"}).stdin_text(list).run().out);
}

std::vector<std::string> inputs(const std::vector<Record>& records) {
  std::vector<std::string> texts;
  for (const Record& record : records) texts.push_back(record.input);
  return texts;
}

TEST_CASE("results flow while the list is still being written") {
  Origin origin;
  Running run = fetchpool().start();
  for (int i = 0; i < 5; ++i) {
    std::string url = origin.url("/ok?i=" + std::to_string(i));
    run.write_stdin(url + "\n");
    std::optional<std::string> line = run.read_line();
    REQUIRE(line);
    CHECK(read_record(*line).url == url);
  }
  Finished done = run.wait();
  CHECK(done.status == 0);
  CHECK_THAT(done.err, ContainsSubstring("5 URLs ok"));
}

TEST_CASE("no more workers are made than there are URLs on the command line") {
  Origin origin;
  Running one = fetchpool({"-p", "3", origin.url("/hang?one")}).start();
  origin.wait_for_requests("/hang", 1);
  CHECK(workers_of(one).size() == 1);
  Running list = fetchpool({"-p", "3"}).start();
  list.write_stdin(origin.url("/hang?list") + "\n");
  while (workers_of(list).size() < 3) REQUIRE(list.is_running());
  for (Running* run : {&one, &list}) {
    run->signal(SIGTERM);
    run->signal(SIGINT);  // two signals do not wait for what runs
    CHECK(read_records(run->wait().out).at(0).outcome == "cancelled");
  }
}

TEST_CASE("a list from a FIFO that is fed slowly is fetched as it comes") {
  Origin origin;
  TempDir dir;
  REQUIRE(mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  Running run = fetchpool({"-i", dir.file("fifo")}).start();
  Running writer = Command("bash").args({"-c", "exec cat > " + dir.file("fifo")}).start();
  for (int i = 0; i < 3; ++i) {
    writer.write_stdin(origin.url("/ok?i=" + std::to_string(i)) + "\n");
    REQUIRE(run.read_line());
  }
  writer.wait();
  CHECK(run.wait().status == 0);
}

TEST_CASE("URLs of the command line come first, then the lists in their order") {
  Origin origin;
  TempDir dir;
  auto url = [&](const std::string& name) { return origin.url("/ok?" + name); };
  dir.write("a", url("a1") + "\n" + url("a2") + "\n");
  dir.write("b", url("b1"));
  Finished done = fetchpool({"-i", dir.file("a"), url("c1"), "-i", "-", "-i", dir.file("b")})
                      .stdin_text(url("s1") + "\n")
                      .run();
  CHECK(done.status == 0);
  CHECK(inputs(read_records(done.out)) ==
        std::vector<std::string>{url("c1"), url("a1"), url("a2"), url("s1"), url("b1")});
}

TEST_CASE("what editors leave in lists is understood") {
  Origin origin;
  std::string one = origin.url("/ok?1");
  std::string two = origin.url("/ok?2#part");
  const std::vector<std::string> both = {one, two};
  CHECK(inputs(records_of(one + "\n" + two + "\n")) == both);
  CHECK(inputs(records_of(one + "\n" + two)) == both);
  CHECK(inputs(records_of(one + "\r\n" + two + "\r\n")) == both);
  CHECK(inputs(records_of("\xef\xbb\xbf" + one + "\n" + two + "\n")) == both);
  CHECK(inputs(records_of("\n  \n" + one + "\n\t\n\n" + two + "\n\n")) == both);
  CHECK(inputs(records_of("# a list\n" + one + "\n  # more\n" + two + "\n#")) == both);
  CHECK(inputs(records_of("  " + one + "\n" + two + " \t\n")) == both);
}

TEST_CASE("an empty list is no failure") {
  for (const char* list : {"", "\n\n", "# nothing\n", "\xef\xbb\xbf"}) {
    Finished done = fetchpool().stdin_text(list).run();
    CHECK(done.status == 0);
    CHECK(done.out.empty());
    CHECK_THAT(done.err, ContainsSubstring("0 URLs"));
  }
}

TEST_CASE("the same URL three times is three records") {
  Origin origin;
  std::string url = origin.url("/ok");
  CHECK(records_of(url + "\n" + url + "\n" + url + "\n").size() == 3);
  CHECK(origin.counts("/ok").requests == 3);
}

TEST_CASE("lines without a scheme are relative to --base") {
  Origin origin;
  Finished done = fetchpool({"--base", origin.url("/ok/dir/page")})
                      .stdin_text("other?size=1\n/ok?size=2\n" + origin.url("/ok?size=3") +
                                  "\n../up?size=4\n?size=5\n")
                      .run();
  CHECK(done.status == 0);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 5);
  CHECK(records[0].url == origin.url("/ok/dir/other?size=1"));
  CHECK(records[1].url == origin.url("/ok?size=2"));
  CHECK(records[2].url == origin.url("/ok?size=3"));
  CHECK(records[3].url == origin.url("/ok/up?size=4"));
  CHECK(records[4].url == origin.url("/ok/dir/page?size=5"));
}

TEST_CASE("option --default-scheme goes before lines without one") {
  Origin origin;
  std::string line = "127.0.0.1:" + std::to_string(origin.port()) + "/ok";
  Finished done = fetchpool({"--default-scheme", "http", line}).run();
  CHECK(done.status == 0);
  CHECK(fetchpool({line}).run().status == 7);
}

TEST_CASE("lines that are no URL become records, and the next line is not affected") {
  Origin origin;
  std::string good = origin.url("/ok");
  std::string list = std::string("http://a\0b/\n", 12) + good + "\n" +
                     origin.url("/" + std::string(70000, 'x')) + "\n" + good +
                     "\n\xff\xfe\x80\nnonsense\n\x1b]0;name\x07\n" + good + "\n";
  Finished done = fetchpool().stdin_text(list).run();
  CHECK(done.status == 7);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 8);
  for (std::size_t i : {1, 3, 7}) CHECK(records[i].ok);
  for (std::size_t i : {0, 2, 4, 5, 6}) {
    INFO(i);
    CHECK(records[i].outcome == "bad_url");
    CHECK(records[i].num_attempts == 0);
    CHECK_FALSE(records[i].error.empty());
  }
  CHECK_THAT(records[2].error, ContainsSubstring("longer than"));
  CHECK(done.err.find('\x1b') == std::string::npos);
}

TEST_CASE("an over-long line costs no memory") {
  if (is_sanitized()) return;
  Origin origin;
  Command command("bash");
  command.args({"-c", "(head -c 300000000 /dev/zero | tr '\\0' x; echo; echo " + origin.url("/ok") +
                          ") | exec fetchpool"});
  Finished done = command.time_limit(60s).run();
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 2);
  CHECK(records[0].outcome == "bad_url");
  CHECK(records[1].ok);
  CHECK(done.max_memory < std::size_t{60} << 20);
}

TEST_CASE("a list that cannot be read is said before anything is fetched") {
  Origin origin;
  TempDir dir;
  for (const auto& [name, word] : std::vector<std::pair<std::string, std::string>>{
           {dir.path(), "is a directory"}, {dir.file("missing"), "No such file or directory"}}) {
    Finished done = fetchpool({origin.url("/ok"), "-i", name}).run();
    CHECK(done.status == 2);
    CHECK(done.out.empty());
    CHECK_THAT(done.err, ContainsSubstring(word));
    CHECK_THAT(done.err, ContainsSubstring(name));
  }
  CHECK(origin.requests() == 0);
}

TEST_CASE("a list in UTF-16 is refused in words") {
  TempDir dir;
  std::string list = dir.write("list", std::string("\xff\xfeh\0t\0t\0p\0", 10));
  Finished done = fetchpool({"-i", list}).run();
  CHECK(done.status == 2);
  CHECK_THAT(done.err, ContainsSubstring("UTF-16"));
}

TEST_CASE("a program given as list is many bad URLs and no crash") {
  Finished done = fetchpool({"-i", program_path("fetchpool_test_origin"), "--no-body"}).run();
  CHECK(done.status == 7);
  std::vector<Record> records = read_records(done.out);
  CHECK(count_of(records, "ok") == 0);
  CHECK(are_in_order(records));
}

}  // namespace
}  // namespace fetchpool::test
