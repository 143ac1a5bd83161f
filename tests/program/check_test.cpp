// fetchpool check
#include <filesystem>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::test {
namespace {

namespace fs = std::filesystem;

class CheckTest {
 public:
  CheckTest() {
    REQUIRE(fetchpool({"-q", "--warc", archive(), "--no-body", origin_.url("/ok?size=3000"),
                       origin_.url("/gzip?size=900000")})
                .run()
                .ok());
  }

  std::string archive() const { return dir_.file("a.warc.gz"); }
  // Checks the archive with `text` in its place.
  Finished check(const std::string& text) const {
    return fetchpool({"check", dir_.write("changed.warc.gz", text)}).run();
  }

 private:
  Origin origin_;
  TempDir dir_;
};

TEST_CASE("bodies alone are no records, which is said once", "[check]") {
  Origin origin;
  TempDir dir;
  REQUIRE(fetchpool({"-q", "--raw", "-o", dir.file("pages"), origin.url("/gzip?size=20000")})
              .run()
              .ok());
  Finished done = fetchpool({"check", dir.file("pages")}).run();
  CHECK(done.status == 3);
  CHECK_THAT(done.err,
             ContainsSubstring("pages: holds no record; what --raw writes cannot be checked"));
  CHECK(std::count(done.err.begin(), done.err.end(), '\n') <= 4);
}

TEST_CASE("an archive is checked to be whole", "[warc]") {
  CheckTest test;
  Finished done = fetchpool({"check", test.archive()}).run();
  CHECK(done.status == 0);
  CHECK(done.out.empty());
  CHECK_THAT(done.err, ContainsSubstring("a.warc.gz: 7 records whole, no fault"));
}

TEST_CASE("what is wrong with an archive is said with its place", "[warc]") {
  CheckTest test;
  std::string text = read_file(test.archive());
  std::vector<WarcRecord> records = read_warc(text);
  SECTION("a cut") {
    Finished done = test.check(text.substr(0, text.size() - 1));
    CHECK(done.status == 3);
    CHECK_THAT(done.err, ContainsSubstring("changed.warc.gz: offset " +
                                           std::to_string(records.back().offset) +
                                           ": cut by the end of the file"));
  }
  SECTION("a damaged page, and no other") {
    std::size_t page = records[2].offset;
    text[page + records[2].size / 2] = static_cast<char>(text[page + records[2].size / 2] ^ 0x55);
    Finished done = test.check(text);
    CHECK(done.status == 3);
    CHECK_THAT(done.err, ContainsSubstring("offset " + std::to_string(page) + ": "));
    CHECK_THAT(done.err, ContainsSubstring("6 records whole, 1 fault"));
  }
}

// Checks `path`, and expects `text` among what is said.
void expect(const std::string& path, int status, const std::string& text) {
  Finished done = fetchpool({"check", path}).run();
  CHECK(done.status == status);
  CHECK(done.out.empty());
  CHECK_THAT(done.err, ContainsSubstring(text));
}

TEST_CASE("a directory is checked down to the bytes of its bodies") {
  auto hash = GENERATE(std::string("sha256"), std::string("xxh3"), std::string("none"));
  CAPTURE(hash);
  Origin origin;
  TempDir dir;
  std::string list;
  for (int i = 0; i < 20; ++i)
    list += origin.url(i == 7 ? "/status/404" : "/ok?size=50&i=" + std::to_string(i)) + "\n";
  std::string out = dir.file("out");
  REQUIRE(fetchpool({"-P", out, "--hash", hash, "--output-template", "{seq}.x"})
              .stdin_text(list)
              .run()
              .status == 8);
  expect(out, 0, "out: 20 records whole, 19 body files, no fault");

  std::string body = dir.read("out/3.x");
  std::string changed = body;
  changed[17] = static_cast<char>(changed[17] ^ 1);
  dir.write("out/3.x", changed);
  if (hash == "none")
    expect(out, 0, "no fault");
  else
    expect(out, 3, ": 3.x is not the body of its body_" + hash);
  dir.write("out/3.x", body + "x");
  expect(out, 3, "out/manifest.jsonl: line 4, offset ");
  expect(out, 3, ": 3.x has 51 bytes instead of 50");
  fs::remove(dir.file("out/3.x"));
  expect(out, 3, ": 3.x is missing");
  fs::create_symlink(dir.write("elsewhere", body), dir.file("out/3.x"));
  expect(out, 3, "20 records whole, 19 body files, 1 fault");
  fs::remove(dir.file("out/3.x"));
  dir.write("out/3.x", body);
  expect(out, 0, "no fault");

  std::string manifest = dir.read("out/manifest.jsonl");
  dir.write("out/manifest.jsonl", manifest.substr(0, manifest.size() - 10));
  expect(out, 3, ": is cut");
  expect(out, 3, "bytes, and at least " + std::to_string(manifest.size()) + " were written");
  dir.write("out/manifest.jsonl", manifest.substr(manifest.find('\n') + 1));
  expect(out, 3, "line 1, offset 0: has the number 1 instead of 0");
  dir.write("out/manifest.jsonl", manifest);
  std::string journal = dir.read("out/.job/journal");
  journal[journal.size() - 12] ^= 1;
  dir.write("out/.job/journal", journal);
  expect(out, 3, "out/.job/journal: offset ");
  fs::remove(dir.file("out/.job/journal"));
  expect(out, 3, "out/.job/journal: is missing");
  fs::remove(dir.file("out/manifest.jsonl"));
  expect(out, 3, "cannot open " + out + "/manifest.jsonl");
}

TEST_CASE("a list of records is checked with its journal") {
  Origin origin;
  TempDir dir;
  REQUIRE(fetchpool({"-c", "-o", dir.file("out"), origin.url("/ok"), origin.url("/ok?i=2")})
              .run()
              .status == 0);
  expect(dir.file("out"), 0, "out: 2 records whole, no fault");
  std::string text = dir.read("out");
  dir.write("out", text.substr(0, text.size() - 3));
  expect(dir.file("out"), 3, "out: line 2, offset " + std::to_string(text.find('\n') + 1));
  expect(dir.file("out"), 3, "1 record whole, 2 faults");
}

TEST_CASE("one bad archive of several is enough", "[warc]") {
  CheckTest test;
  Finished done = fetchpool({"check", "/nonexistent", test.archive()}).run();
  CHECK(done.status == 3);
  CHECK_THAT(done.err, ContainsSubstring("/nonexistent: No such file or directory"));
  CHECK_THAT(done.err, ContainsSubstring("no fault"));
}

TEST_CASE("check needs to know what to check", "[warc]") {
  CHECK(fetchpool({"check"}).run().status == 2);
  CHECK(fetchpool({"check", "-q"}).run().status == 2);
}

}  // namespace
}  // namespace fetchpool::test
