#include "cli/nearest.h"

#include "support/catch.h"

using fetchpool::cli::nearest;

TEST_CASE("a mistyped name finds the one that was meant", "[nearest]") {
  const std::vector<std::string> names{"-p", "--processes", "--per-host", "--progress", "--raw"};
  CHECK(nearest("--proceses", names) == "--processes");
  CHECK(nearest("--perhost", names) == "--per-host");
  CHECK(nearest("--prog", names) == "--progress");
  CHECK(nearest("--row", names) == "--raw");
}

TEST_CASE("a name far from all finds none", "[nearest]") {
  const std::vector<std::string> names{"-p", "--processes", "--raw"};
  CHECK(nearest("--something-else", names).empty());
  CHECK(nearest("-x", names).empty());
  CHECK(nearest("", names).empty());
  CHECK(nearest("--" + std::string(100000, 'a'), names).empty());
  CHECK(nearest("--raw", {}).empty());
}
