#include "cli/quantities.h"

#include "cli/status_list.h"

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool::cli;
using namespace std::chrono_literals;

TEST_CASE("rates are read with their unit", "[quantities]") {
  CHECK(parse_rate("--rate", "20/s") == 20);
  CHECK(parse_rate("--rate", "30/m") == 0.5);
  CHECK(parse_rate("--rate", "1800/h") == 0.5);
  CHECK(parse_rate("--rate", "0.5/s") == 0.5);
  CHECK(parse_rate("--rate", "86400/d") == 1);
  for (const char* text : {"", "20", "/s", "0/s", "-1/s", "20/ s", "20/w", "2000001/s", "x/s"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_rate("--rate", text), UsageError);
  }
}

TEST_CASE("lists of response codes are read", "[quantities]") {
  auto list = parse_status_list("--ok-status", "404,500-599,3xx");
  REQUIRE(list.size() == 3);
  CHECK(list[0].first == 404);
  CHECK(list[0].last == 404);
  CHECK(list[1].first == 500);
  CHECK(list[1].last == 599);
  CHECK(list[2].first == 300);
  CHECK(list[2].last == 399);
  for (const char* text :
       {"", "404,", ",404", "4x", "40", "4040", "599-500", "0xx", "abc", "1-2"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_status_list("--ok-status", text), UsageError);
  }
}

TEST_CASE("sizes are powers of 1024", "[quantities]") {
  CHECK(parse_size("--x", "0") == 0);
  CHECK(parse_size("--x", "10") == 10);
  CHECK(parse_size("--x", "64K") == 65536);
  CHECK(parse_size("--x", "64k") == 65536);
  CHECK(parse_size("--x", "1M") == 1U << 20);
  CHECK(parse_size("--x", "1G") == 1U << 30);
  CHECK(parse_size("--x", "1024T") == std::uint64_t{1} << 50);
  for (const char* text :
       {"1025T", "1125899906842625", "K", "1KB", "1 K", " 1", "0x1", "1.0", "-0"})
    CHECK_THROWS_AS(parse_size("--x", text), UsageError);
}

TEST_CASE("times are seconds unless they say otherwise", "[quantities]") {
  CHECK(parse_duration("--x", "10") == 10s);
  CHECK(parse_duration("--x", "0.5") == 500ms);
  CHECK(parse_duration("--x", ".25") == 250ms);
  CHECK(parse_duration("--x", "10s") == 10s);
  CHECK(parse_duration("--x", "500ms") == 500ms);
  CHECK(parse_duration("--x", "1.5m") == 90s);
  CHECK(parse_duration("--x", "168h") == 168h);
  CHECK(parse_duration("--x", "1ms") == 1ms);
  for (const char* text : {"0", "0.9ms", "-1", "1d", "1 s", "1e3", "168.1h", ".", "s", "0x1p3"})
    CHECK_THROWS_AS(parse_duration("--x", text), UsageError);
}

TEST_CASE("a very long value is cut in the message", "[quantities]") {
  try {
    parse_count("--x", std::string(100000, '9'), 1, 2);
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK(std::string(error.what()).size() < 200);
  }
}

TEST_CASE("quantities are written for people", "[quantities]") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.0 KiB");
  CHECK(format_bytes((1U << 20) - 1) == "1.0 MiB");
  CHECK(format_bytes(std::uint64_t{3} << 30) == "3.0 GiB");
  CHECK(format_bytes(~std::uint64_t{0}) == "16384.0 PiB");
  CHECK(format_duration(0s) == "0.0 s");
  CHECK(format_duration(1234ms) == "1.2 s");
  CHECK(format_duration(59999ms) == "1:00");
  CHECK(format_duration(125s) == "2:05");
  CHECK(format_duration(3723s) == "1:02:03");
  CHECK(format_rate(0.04) == "0.0/s");
  CHECK(format_rate(9.94) == "9.9/s");
  CHECK(format_rate(9.96) == "10/s");
  CHECK(format_rate(1234.5) == "1234/s");
  CHECK(format_count(0, "URL") == "0 URLs");
  CHECK(format_count(1, "URL") == "1 URL");
}
