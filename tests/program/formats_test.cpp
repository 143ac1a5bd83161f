// Lists that say more than URLs, and parts of lists.
#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

TEST_CASE("lines of JSON say how each URL is fetched, and ids come back") {
  Origin origin;
  std::string list = R"({"url":")" + origin.url("/echo?0") +
                     R"(","id":"zero","method":"PUT","body":"data","headers":{"X-Key":"v1"}})" +
                     "\n" + origin.url("/echo?1") + "\n" + origin.url("/echo?2") + "\ttwo\n" +
                     R"({"url":")" + origin.url("/slow?ms=20000") + R"(","id":3,"max_time":0.1})" +
                     "\n";
  Finished done =
      fetchpool({"-H", "X-Key: common", "-H", "X-Other: o", "--retry", "0"}).stdin_text(list).run();
  CHECK(done.status == 4);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 4);
  std::string first = records[0].body.value();
  CHECK_THAT(first, ContainsSubstring(R"("method":"PUT")"));
  CHECK_THAT(first, ContainsSubstring(R"("body":"data")"));
  CHECK_THAT(first, ContainsSubstring(R"(["x-key","v1"])"));
  CHECK_THAT(first, ContainsSubstring(R"(["x-other","o"])"));
  CHECK(first.find("common") == std::string::npos);
  CHECK_THAT(records[1].body.value(), ContainsSubstring(R"(["x-key","common"])"));
  CHECK(records[3].outcome == "timeout");
  std::vector<std::string> lines = done.lines();
  CHECK_THAT(lines[0], ContainsSubstring(R"("id":"zero")"));
  CHECK_THAT(lines[1], ContainsSubstring(R"("id":null)"));
  CHECK_THAT(lines[2], ContainsSubstring(R"("id":"two")"));
  CHECK_THAT(lines[3], ContainsSubstring(R"("id":"3")"));
}

TEST_CASE("a line that cannot be understood is a record of its own") {
  Origin origin;
  std::string list = "{\"url\":\n" + origin.url("/ok?0") + "\n{\"url\":\"" + origin.url("/ok?1") +
                     "\",\"hedaers\":{\"X\":\"canary\"}}\n{\"url\":\"" + origin.url("/ok?2") +
                     "\",\"method\":\"A B\"}\n{\"url\":\"" + origin.url("/ok?3") + "\"}\n";
  Finished done = fetchpool({"-vv"}).stdin_text(list).run();
  CHECK(done.status == 7);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 5);
  CHECK(are_in_order(records));
  CHECK(records[0].outcome == "bad_url");
  CHECK_THAT(records[0].error, ContainsSubstring("JSON"));
  CHECK(records[1].ok);
  CHECK(records[2].outcome == "bad_url");
  CHECK_THAT(records[2].error, ContainsSubstring("hedaers"));
  CHECK(records[3].outcome == "bad_url");
  CHECK_THAT(records[3].error, ContainsSubstring("method"));
  CHECK(records[4].ok);
  CHECK((done.out + done.err).find("canary") == std::string::npos);
  CHECK(origin.requests() == 2);
}

TEST_CASE("option --dedupe fetches each URL once, and every line has its record") {
  Origin origin;
  std::string list;
  for (int i = 0; i < 30; ++i) list += origin.url("/ok?" + std::to_string(i % 10)) + "\n";
  Finished done = fetchpool({"--dedupe"}).stdin_text(list).run();
  CHECK(done.status == 0);
  std::vector<Record> records = read_records(done.out);
  CHECK(records.size() == 30);
  CHECK(are_in_order(records));
  CHECK(count_of(records, "ok") == 10);
  CHECK(count_of(records, "duplicate") == 20);
  CHECK(origin.requests() == 10);
}

TEST_CASE("the shards of a list fetch all of it") {
  Origin origin;
  std::string list;
  for (int i = 0; i < 20; ++i) list += origin.url("/ok?" + std::to_string(i)) + "\n";
  std::size_t records = 0;
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    Finished done = fetchpool({"--shard", shard}).stdin_text(list).run();
    CHECK(done.status == 0);
    std::vector<Record> of_this = read_records(done.out);
    CHECK(are_in_order(of_this));
    records += of_this.size();
  }
  CHECK(records == 20);
  CHECK(origin.requests() == 20);
}

TEST_CASE("option --dry-run prints what would be fetched and fetches nothing") {
  Origin origin;
  std::string list = "HTTP://127.0.0.1:" + std::to_string(origin.port()) +
                     "/ok?a b#c\n{\"url\":\"" + origin.url("/ok?1") + "\",\"id\":\"one\"}\n" +
                     origin.url("/ok?1") + "\nnonsense\n";
  Finished done = fetchpool({"--dry-run", "--dedupe"}).stdin_text(list).run();
  CHECK(done.status == 7);
  CHECK(done.out == origin.url("/ok?a%20b") + "\n" + origin.url("/ok?1") + "\tone\n");
  CHECK_THAT(done.err, ContainsSubstring("nonsense"));
  CHECK(origin.requests() == 0);
  CHECK(fetchpool({"--dry-run", origin.url("/ok")}).stdout_file("/dev/full").run().status == 3);
}

}  // namespace
}  // namespace fetchpool::test
