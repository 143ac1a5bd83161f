// Every sample of the Pool does what it says.
#include "support/catch.h"
#include "support/command.h"
#include "support/processes.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

Finished sample(const std::string& name) {
  return Command("sample_pool_" + name).run();
}

TEST_CASE("the sample of squares prints them in order", "[samples]") {
  Finished done = sample("squares");
  CHECK(done.ok());
  CHECK(done.out == "0\n1\n4\n9\n16\n25\n36\n49\n64\n81\n");
}

TEST_CASE("the sample of a map prints its values", "[samples]") {
  Finished done = sample("map");
  CHECK(done.ok());
  CHECK(done.out == "9: 1 4 9 16\n");
}

TEST_CASE("the sample of own types sends and gets them", "[samples]") {
  Finished done = sample("types");
  CHECK(done.ok());
  CHECK(done.out == "rose: rose=3\nsea: sea=2 sells=1 she=1 shells=1 shore=1 the=1\n");
}

TEST_CASE("the sample of a crash loses one element", "[samples]") {
  Finished done = sample("crash");
  CHECK(done.ok());
  auto lines = done.lines();
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "1");
  CHECK(lines[1] == "4");
  CHECK_THAT(lines[2], ContainsSubstring("element 2: "));
  CHECK_THAT(lines[2], ContainsSubstring("killed by SIGABRT"));
  CHECK(lines[3] == "element 3: std::invalid_argument: four is not for us");
  CHECK(lines[4] == "25");
  CHECK(lines[5] == "still works: 36");
}

TEST_CASE("the sample of attempts and limits survives a crash and ends what hangs", "[samples]") {
  TempDir dir;
  dir.write("mark", "");
  Finished done = Command("sample_pool_limits").arg(dir.file("mark")).run();
  CHECK(done.ok());
  auto lines = done.lines();
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "42 after 2 attempts");
  CHECK_THAT(lines[1], ContainsSubstring("0.2"));
  CHECK(lines[2] == "not ready yet");
  CHECK_THAT(lines[3], ContainsSubstring("cancelled"));
}

TEST_CASE("the sample of a pipeline needs little memory for much input", "[samples]") {
  constexpr std::size_t kLine = std::size_t{16} << 10;
  constexpr int kLines = 3000;
  TempDir dir;
  Running run =
      Command("sample_pool_pipeline").stdout_file(dir.file("out")).time_limit(120s).start();
  for (int i = 0; i < kLines; ++i) {
    std::string line = "line " + std::to_string(i) + " ";
    line.append(kLine - line.size() - 1, 'x');
    REQUIRE(run.write_stdin(line + "\n"));
  }
  std::size_t peak = peak_memory(run.pid());
  CHECK(run.wait().ok());
  std::string out = dir.read("out");
  REQUIRE(out.size() == kLine * kLines);
  bool in_order = true;
  for (std::size_t i = 0; i < kLines; ++i)
    in_order = in_order && out.compare(i * kLine, 5, "LINE ") == 0 &&
               std::stoul(out.substr(i * kLine + 5, 5)) == i;
  CHECK(in_order);
  CHECK(peak > 0);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__  // which need much for themselves
  CHECK(peak < kLine * kLines / 2);
#endif
}

}  // namespace
}  // namespace fetchpool::test
