#include "base/ascii.h"

#include "support/catch.h"

namespace fetchpool {
namespace {

TEST_CASE("letters and digits are those of ASCII", "[ascii]") {
  for (int code = -128; code < 128; ++code) {
    char c = static_cast<char>(code);
    INFO("character " << code);
    bool upper = code >= 'A' && code <= 'Z';
    bool lower = code >= 'a' && code <= 'z';
    CHECK(is_letter(c) == (upper || lower));
    CHECK(is_digit(c) == (code >= '0' && code <= '9'));
    CHECK(lower_case(c) == (upper ? c + 32 : c));
  }
  CHECK(lower_case("@AZ[`az{\xC4 9") == "@az[`az{\xC4 9");
}

TEST_CASE("texts are equal whatever the case of their letters, and of one length", "[ascii]") {
  CHECK(equal_ignoring_case("", ""));
  CHECK(equal_ignoring_case("Content-TYPE", "content-type"));
  CHECK_FALSE(equal_ignoring_case("content-type", "content-types"));
  CHECK_FALSE(equal_ignoring_case("content-type", "content_type"));
  CHECK_FALSE(equal_ignoring_case("\xC4", "\xE4"));
  CHECK_FALSE(equal_ignoring_case("[", "{"));
}

TEST_CASE("a text begins with itself, with less, and not with more", "[ascii]") {
  CHECK(starts_with_ignoring_case("HTTP://x", "http:"));
  CHECK(starts_with_ignoring_case("http:", "HTTP:"));
  CHECK(starts_with_ignoring_case("http:", ""));
  CHECK_FALSE(starts_with_ignoring_case("http", "http:"));
  CHECK_FALSE(starts_with_ignoring_case("https:", "http:"));
}

}  // namespace
}  // namespace fetchpool
