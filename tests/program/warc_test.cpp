#include <filesystem>
#include <set>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// Fetches into an archive, and reads it.
class WarcTest {
 public:
  const Origin& origin() const { return origin_; }
  const TempDir& dir() const { return dir_; }
  std::string archive() const { return dir_.file("a.warc.gz"); }

  Finished run(const std::vector<std::string>& arguments) const {
    return fetchpool({"--warc", archive(), "--retry", "0"}).args(arguments).run();
  }
  Finished run_list(const std::vector<std::string>& targets,
                    const std::vector<std::string>& arguments = {}) const {
    std::string list;
    for (const std::string& target : targets) list += origin_.url(target) + "\n";
    return fetchpool({"--warc", archive(), "-i", dir_.write("list", list)}).args(arguments).run();
  }
  std::vector<WarcRecord> records() const { return read_warc(read_file(archive())); }
  // Those of one type of one target.
  WarcRecord only(std::string_view type, std::string_view target) const {
    std::vector<WarcRecord> found = of_type(records(), type);
    std::erase_if(found, [&](const auto& record) { return record.url() != origin_.url(target); });
    REQUIRE(found.size() == 1);
    return found[0];
  }

 private:
  Origin origin_;
  TempDir dir_;
};

std::vector<std::string> types_of(const std::vector<WarcRecord>& records) {
  std::vector<std::string> types;
  for (const WarcRecord& record : records) types.push_back(record.type);
  return types;
}

TEST_CASE("a page is archived as request, response and metadata", "[warc]") {
  WarcTest test;
  Finished done = test.run({"--include-headers", test.origin().url("/ok?size=5000")});
  REQUIRE(done.ok());
  Record page = read_records(done.out).at(0);
  std::vector<WarcRecord> records = test.records();
  REQUIRE(types_of(records) ==
          std::vector<std::string>{"warcinfo", "request", "response", "metadata"});
  CHECK(records[0].value("WARC-Filename") == "a.warc.gz");
  CHECK_THAT(records[0].block, ContainsSubstring("software: fetchpool/"));
  CHECK_THAT(records[1].block, ContainsSubstring("GET /ok?size=5000 HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(records[2].http_body() == page.body);
  CHECK(records[2].value("WARC-IP-Address") == "127.0.0.1");
  CHECK(records[1].value("WARC-Date") == records[2].value("WARC-Date"));
  CHECK(records[3].value("WARC-Date") == records[2].value("WARC-Date"));
  CHECK(records[3].value("WARC-Concurrent-To") == records[2].value("WARC-Record-ID"));
  CHECK_THAT(records[3].block, ContainsSubstring("outcome: ok\r\n"));
  CHECK(Command("gzip").args({"-t", test.archive()}).run().ok());
}

TEST_CASE("bodies of every size and coding are archived decoded", "[warc]") {
  WarcTest test;
  std::vector<std::string> targets;
  for (const char* size : {"0", "1", "4000", "300000", "3000000"})
    for (const char* behaviour : {"/ok", "/gzip", "/br", "/zstd", "/deflate-zlib", "/chunked"})
      targets.push_back(std::string(behaviour) + "?size=" + size);
  Finished done = test.run_list(targets);
  REQUIRE(done.ok());
  std::vector<Record> pages = read_records(done.out);
  std::vector<WarcRecord> responses = of_type(test.records(), "response");
  REQUIRE(pages.size() == targets.size());
  REQUIRE(responses.size() == targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    INFO(targets[i]);
    CHECK(responses[i].url() == pages[i].url);
    CHECK((responses[i].http_body() == pages[i].body));
    CHECK_THAT(responses[i].http_head(),
               ContainsSubstring("Content-Length: " + std::to_string(pages[i].size_body)));
    CHECK(responses[i].value("WARC-Truncated").empty());
  }
}

TEST_CASE("an archive comes with any output", "[warc]") {
  WarcTest test;
  std::string body = origin_body("/ok?size=400000", 400000);
  SECTION("without bodies in the records") {
    Finished done = test.run({"--no-body", test.origin().url("/ok?size=400000")});
    CHECK_FALSE(read_records(done.out).at(0).has_body_member);
  }
  SECTION("with raw bodies") {
    CHECK((test.run({"--raw", test.origin().url("/ok?size=400000")}).out == body));
  }
  CHECK((test.only("response", "/ok?size=400000").http_body() == body));
}

TEST_CASE("the hops of a redirect stand together with where they led", "[warc]") {
  WarcTest test;
  Finished done = test.run({test.origin().url("/redirect/2")});
  REQUIRE(done.ok());
  std::vector<WarcRecord> records = test.records();
  REQUIRE(types_of(records) == std::vector<std::string>{"warcinfo", "request", "response",
                                                        "request", "response", "request",
                                                        "response", "metadata"});
  for (int i : {1, 3, 5}) {
    const WarcRecord& request = records[static_cast<std::size_t>(i)];
    const WarcRecord& response = records[static_cast<std::size_t>(i) + 1];
    CHECK(request.url() == response.url());
    CHECK(request.value("WARC-Concurrent-To") == response.value("WARC-Record-ID"));
  }
  CHECK(records[7].url() == read_records(done.out).at(0).url_effective);
  CHECK_THAT(records[7].block, ContainsSubstring("seed: " + test.origin().url("/redirect/2")));
  CHECK_THAT(records[7].block, ContainsSubstring("hopsFromSeed: RR\r\n"));
}

TEST_CASE("of several attempts the last one is archived", "[warc]") {
  WarcTest test;
  std::string target = "/flaky/3?key=a&fail=2";
  REQUIRE(fetchpool({"--warc", test.archive(), "--no-body", test.origin().url(target)}).run().ok());
  CHECK(test.only("response", target).http_head().starts_with("HTTP/1.1 200"));
  CHECK_THAT(test.only("metadata", target).block, ContainsSubstring("attempts: 3"));
}

TEST_CASE("what went wrong is archived as far as it came", "[warc]") {
  WarcTest test;
  test.run_list({"/short-body?size=1000", "/close", "/status/404", "/gzip-corrupt?size=3000",
                 "/gzip-cut?size=3000", "/cut-headers", "/ok?size=100000"},
                {"--retry", "0", "--max-filesize", "50000"});
  WarcRecord cut = test.only("response", "/short-body?size=1000");
  CHECK(cut.value("WARC-Truncated") == "disconnect");
  CHECK(cut.http_body().size() == 500);
  CHECK_THAT(cut.http_head(), ContainsSubstring("X-Crawler-Content-Length: 1000\r\n"));
  CHECK_THAT(cut.http_head(), ContainsSubstring("\r\nContent-Length: 500\r\n"));
  // Without an answer there is nothing but what became of it.
  for (const char* target : {"/close", "/cut-headers"}) {
    WarcRecord metadata = test.only("metadata", target);
    CHECK(metadata.value("WARC-Concurrent-To").empty());
    CHECK_THAT(metadata.block, ContainsSubstring("\r\nerror: "));
  }
  CHECK(test.only("response", "/status/404").value("WARC-Truncated").empty());
  WarcRecord corrupt = test.only("response", "/gzip-corrupt?size=3000");
  CHECK(corrupt.value("WARC-Truncated").empty());
  CHECK_THAT(corrupt.http_head(), ContainsSubstring("\r\nContent-Encoding: gzip\r\n"));
  CHECK(test.only("response", "/gzip-cut?size=3000").value("WARC-Truncated") == "disconnect");
  CHECK(test.only("response", "/ok?size=100000").value("WARC-Truncated") == "length");
  CHECK(of_type(test.records(), "metadata").size() == 7);
}

TEST_CASE("a URL that was never requested is in no archive", "[warc]") {
  WarcTest test;
  CHECK(test.run({"ftp://example.com/", "no-url"}).status == 7);
  CHECK(test.records().size() == 1);
}

TEST_CASE("no secret of a request is archived", "[warc]") {
  WarcTest test;
  test.run({"-H", "Authorization: Bearer CANARY", "-H", "Cookie: s=CANARY", "-H",
            "X-Whatever: CANARY", test.origin().url("/redirect/1")});
  std::vector<WarcRecord> requests = of_type(test.records(), "request");
  REQUIRE(requests.size() == 2);
  for (const WarcRecord& request : requests) {
    CHECK_THAT(request.block, !ContainsSubstring("CANARY"));
    CHECK_THAT(request.block, ContainsSubstring("X-Whatever: [redacted]"));
  }
}

TEST_CASE("bytes that are hostile in a terminal or in JSON are archived as they came", "[warc]") {
  WarcTest test;
  std::string head = "HTTP/1.1 200 \x1b[31mOK\r\nX-\xff: \xc3(\x01\rb\r\nContent-Length: 4\r\n\r\n";
  test.origin().put_raw("/hostile", head + std::string("\0\xff\r\n", 4));
  test.run({test.origin().url("/hostile")});
  WarcRecord response = test.only("response", "/hostile");
  CHECK(response.block == head + std::string("\0\xff\r\n", 4));
}

TEST_CASE("an archive is in the order of the list", "[warc]") {
  WarcTest test;
  std::vector<std::string> targets;
  for (int i = 0; i < 300; ++i)
    targets.push_back(i % 30 == 0 ? "/slow/" + std::to_string(i) + "?ms=30&size=100"
                                  : "/ok?size=2000&i=" + std::to_string(i));
  REQUIRE(test.run_list(targets, {"--no-body", "-p", "2", "--per-host", "0"}).ok());
  std::vector<WarcRecord> metadata = of_type(test.records(), "metadata");
  REQUIRE(metadata.size() == targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i)
    REQUIRE(metadata[i].url() == test.origin().url(targets[i]));
}

TEST_CASE("results that wait for their turn are archived all the same", "[warc]") {
  WarcTest test;
  std::vector<std::string> targets{"/slow/first?ms=300&size=10"};
  for (int i = 0; i < 40; ++i) targets.push_back("/ok?size=100000&i=" + std::to_string(i));
  REQUIRE(test.run_list(targets, {"--no-body", "--order-window", "100K"}).ok());
  CHECK(of_type(test.records(), "response").size() == 41);
}

TEST_CASE("an archive goes on in another file when it is large", "[warc]") {
  WarcTest test;
  std::vector<std::string> targets;
  for (int i = 0; i < 10; ++i)
    targets.push_back("/redirect/1?to=/ok%3Fsize=3000%26i=" + std::to_string(i));
  REQUIRE(test.run_list(targets, {"--no-body", "--warc-size", "3K"}).ok());
  std::size_t urls = 0;
  int files = 0;
  for (;; ++files) {
    std::string name = files == 0 ? "a.warc.gz" : "a-0000" + std::to_string(files) + ".warc.gz";
    if (!test.dir().has(name)) break;
    std::vector<WarcRecord> records = read_warc(test.dir().read(name));
    CHECK(records[0].value("WARC-Filename") == name);
    // What belongs to one URL stands in one file.
    std::size_t of_file = of_type(records, "metadata").size();
    CHECK(of_type(records, "response").size() == 2 * of_file);
    CHECK(records.back().type == "metadata");
    urls += of_file;
  }
  CHECK(urls == 10);
  CHECK(files > 2);
  CHECK(files < 10);
}

TEST_CASE("an archive that is being written is called open", "[warc]") {
  WarcTest test;
  ListeningPort silent;
  Running run = fetchpool({"--warc", test.archive(), "--no-body"}).start();
  run.write_stdin(test.origin().url("/ok") + "\n");
  REQUIRE(run.read_line());
  CHECK(test.dir().has("a.warc.gz.open"));
  CHECK_FALSE(test.dir().has("a.warc.gz"));
  // Everything so far is on disk.
  CHECK(eventually([&] {
    return of_type(read_warc(test.dir().read("a.warc.gz.open")), "metadata").size() == 1;
  }));
  run.close_stdin();
  CHECK(run.wait().ok());
  CHECK_FALSE(test.dir().has("a.warc.gz.open"));
  CHECK(test.records().size() == 4);
}

TEST_CASE("an archive that cannot be written is said", "[warc]") {
  WarcTest test;
  std::string url = test.origin().url("/ok");
  SECTION("for want of a directory") {
    Finished done = fetchpool({"--warc", test.dir().file("none/a.warc.gz"), url}).run();
    CHECK(done.status == 3);
    CHECK_THAT(done.err, ContainsSubstring("none/a.warc.gz.open: No such file or directory"));
    CHECK(test.origin().requests() == 0);
  }
  SECTION("for want of space") {
    std::string list;
    for (int i = 0; i < 40; ++i)
      list += test.origin().url("/ok?size=200000&i=" + std::to_string(i)) + "\n";
    Finished done = fetchpool({"--warc", test.archive(), "-q", "--no-body"})
                        .stdin_text(list)
                        .limit(RLIMIT_FSIZE, 100000)
                        .run();
    CHECK(done.status == 3);
    CHECK_THAT(done.err, ContainsSubstring("cannot write"));
    CHECK_THAT(done.err, ContainsSubstring("a.warc.gz.open: File too large"));
  }
}

}  // namespace
}  // namespace fetchpool::test
