#include "cli/header_option.h"

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;

TEST_CASE("a header is added, sent empty or removed as in curl", "[header]") {
  CHECK(parse_header("Accept: text/html") == HeaderLine{"Accept", "text/html"});
  CHECK(parse_header("Accept:text/html  ") == HeaderLine{"Accept", "text/html"});
  CHECK(parse_header("X-Time: 10:30; q=1") == HeaderLine{"X-Time", "10:30; q=1"});
  CHECK(parse_header("Accept:") == HeaderLine{"Accept", ""});
  CHECK(parse_header("Accept: \t") == HeaderLine{"Accept", ""});
  CHECK(parse_header("X-Empty;") == HeaderLine{"X-Empty;", ""});
}

TEST_CASE("what cannot be a header is refused", "[header]") {
  using namespace std::string_view_literals;
  for (auto text : {""sv, "Accept"sv, ": x"sv, "A b: c"sv, "A\x01: c"sv, "\xC3\xA4: c"sv, "A; b"sv,
                    "A: b\r\nC: d"sv, "A: b\n"sv, "A: b\rc"sv, "A: b\0c"sv, ";"sv})
    CHECK_THROWS_AS(parse_header(text), UsageError);
}
