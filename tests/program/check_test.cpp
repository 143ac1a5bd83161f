// fetchpool check
#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::test {
namespace {

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
