#include "cli/config_file.h"

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool::cli;

namespace {

using Entries = std::vector<ConfigEntry>;

std::string complaint(std::string_view text) {
  try {
    parse_config(text, "file");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a configuration has one option a line, written in many ways", "[config]") {
  CHECK(parse_config("retry = 5\nmax-time:30\n-j 7\n  --raw\t\nuser=a:b\r\n", "file") ==
        Entries{{"--retry", "5", true, 1},
                {"--max-time", "30", true, 2},
                {"-j", "7", true, 3},
                {"--raw", "", false, 4},
                {"--user", "a:b", true, 5}});
  CHECK(parse_config("\xEF\xBB\xBF# comment\n\n   # another\nraw # why\nretry 5 # times", "file") ==
        Entries{{"--raw", "", false, 4}, {"--retry", "5", true, 5}});
  CHECK(parse_config("", "file").empty());
}

TEST_CASE("a value in quotation marks is any text", "[config]") {
  CHECK(parse_config(R"(header = "X: a # \"b\" \\ \t\n" # yes)", "file").at(0).value ==
        "X: a # \"b\" \\ \t\n");
  CHECK(parse_config("cookie = \"\"", "file") == Entries{{"--cookie", "", true, 1}});
  CHECK(parse_config("cookie =", "file") == Entries{{"--cookie", "", true, 1}});
  CHECK(parse_config("-b a=b", "file") == Entries{{"-b", "a=b", true, 1}});
}

TEST_CASE("a mistake in a configuration is named with its line and without its value", "[config]") {
  CHECK(complaint("\nheader = X: secret") ==
        "file:2: a value with blanks must stand in double quotes");
  CHECK(complaint("header = \"secret") == "file:1: the closing quotation mark is missing");
  CHECK(complaint(std::string_view("cookie = secret\0", 16)) == "file:1: a NUL byte is no text");
  CHECK(complaint("= secret") == "file:1: the name of an option is missing");
}
