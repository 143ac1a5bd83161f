#include "support/site.h"

#include "support/catch.h"
#include "support/origin_body.h"
#include "support/temp_dir.h"

using namespace fetchpool::test;

namespace {

bool is_utf8(const std::string& text) {
  int left = 0;
  for (char c : text) {
    unsigned byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) {
      if (left-- == 0) return false;
    } else if (left != 0) {
      return false;
    } else {
      left = byte < 0x80 ? 0 : byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    }
  }
  return left == 0;
}

}  // namespace

TEST_CASE("a site is the same each time, has its size, and needs escaping", "[site]") {
  Site site({.pages = 200, .average_bytes = 12000, .seed = 7});
  std::size_t bytes = 0;
  std::size_t escaped = 0;
  std::size_t high = 0;
  for (std::size_t page = 0; page < site.size(); ++page) {
    std::string text = site.text(page);
    CHECK(text == site.text(page));
    CHECK(is_utf8(text));
    bytes += text.size();
    for (char c : text) {
      auto byte = static_cast<unsigned char>(c);
      escaped += byte < 0x20 || c == '"' || c == '\\' ? 1 : 0;
      high += byte >= 0x80 ? 1 : 0;
    }
  }
  CHECK(bytes / site.size() > 10000);
  CHECK(bytes / site.size() < 14000);
  CHECK(escaped * 100 >= bytes * 5);
  CHECK(high > 0);
  CHECK(site.text(1) != Site({.pages = 200, .average_bytes = 12000, .seed = 8}).text(1));
}

TEST_CASE("a site is written where its paths say", "[site]") {
  TempDir dir;
  Site site({.pages = 3, .average_bytes = 1000});
  site.write(dir.path());
  CHECK(dir.read("p/000/000002.html") == site.text(2));
  CHECK(site.list("http://h") ==
        "http://h/p/000/000000.html\nhttp://h/p/000/000001.html\nhttp://h/p/000/000002.html\n");
}

TEST_CASE("an origin body has exactly its size and whole letters", "[site]") {
  for (std::size_t size = 0; size < 2000; ++size) {
    std::string body = origin_body("/ok", size);
    REQUIRE(body.size() == size);
    REQUIRE(is_utf8(body));
  }
  CHECK(origin_body("/ok?n=1", 20) != origin_body("/ok?n=2", 20));
}
