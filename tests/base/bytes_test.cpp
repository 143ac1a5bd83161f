#include "fetchpool/bytes.h"

#include "support/catch.h"

using fetchpool::Bytes;

TEST_CASE("a slice keeps the whole alive", "[base]") {
  Bytes slice;
  {
    Bytes whole(std::string("hello world"));
    slice = whole.slice(6);
  }
  CHECK(slice.view() == "world");
  CHECK(slice.slice(1, 3).str() == "orl");
  CHECK(slice.slice(5).empty());
}

TEST_CASE("short text is kept where it was put", "[base]") {
  // A moved std::string of a few bytes has another address; a run of bytes must not.
  Bytes first(std::string("abc"));
  Bytes second = std::move(first);
  CHECK(second.view() == "abc");
}
