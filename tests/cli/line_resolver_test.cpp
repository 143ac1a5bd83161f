#include "cli/line_resolver.h"

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool::cli;

TEST_CASE("a scheme is told from a host with a port", "[line_resolver]") {
  for (const char* line :
       {"http://h/", "HTTPS://h", "mailto:x@y", "a+b-c.d:e", "javascript:f()", "x:"})
    CHECK(names_scheme(line));
  for (const char* line : {"", "h", "h/a:b", "localhost:8080", "localhost:80/a", "h:1?q", "h:1#f",
                           "//h/", "/a", "?q", "1http://h", "[::1]:80/"})
    CHECK_FALSE(names_scheme(line));
}

TEST_CASE("without options a line stays as it is", "[line_resolver]") {
  LineResolver resolver("", "");
  for (const char* line : {"", "h", "/a", "http://h/ b", "//h"})
    CHECK(resolver.resolve(line) == line);
}

TEST_CASE("the default scheme stands before lines without one", "[line_resolver]") {
  LineResolver resolver("", "https");
  CHECK(resolver.resolve("example.com/a") == "https://example.com/a");
  CHECK(resolver.resolve("localhost:8080/a") == "https://localhost:8080/a");
  CHECK(resolver.resolve("//h/a") == "https://h/a");
  CHECK(resolver.resolve("http://h/a") == "http://h/a");
  CHECK(resolver.resolve("mailto:x@y") == "mailto:x@y");
  CHECK(resolver.resolve("") == "");
}

TEST_CASE("relative lines are resolved against the base", "[line_resolver]") {
  LineResolver resolver("http://h/d/e?f", "");
  CHECK(resolver.resolve("a") == "http://h/d/a");
  CHECK(resolver.resolve("../a?b") == "http://h/a?b");
  CHECK(resolver.resolve("/a") == "http://h/a");
  CHECK(resolver.resolve("//other/a") == "http://other/a");
  CHECK(resolver.resolve("https://other/a") == "https://other/a");
  CHECK(resolver.resolve("mailto:x@y") == "mailto:x@y");
}

TEST_CASE("a base that is no absolute http URL is refused", "[line_resolver]") {
  for (const char* base : {"h/d", "/d", "ftp://h/", "http://"})
    CHECK_THROWS_AS(LineResolver(base, ""), UsageError);
}
