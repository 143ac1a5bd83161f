// Nothing secret reaches anybody but the server it is meant for.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The command lines of the program and all its processes.
std::string command_lines(const Running& running) {
  std::string all;
  for (const Process& process : running.processes())
    all += content_of("/proc/" + std::to_string(process.pid) + "/cmdline") + "\n";
  return all;
}

// One of each kind; every value contains "canary".
std::vector<std::string> canaries(const TempDir& dir) {
  dir.write("cookie", "key=canary-cookie\n");
  return {"-u",
          "me:canary-password",
          "-b",
          "@" + dir.file("cookie"),
          "-H",
          "X-Api-Key: canary-header",
          "-H",
          "Authorization2:canary-other",
          "-ekey",
          "-e",
          "http://x/?canary-referer",
          "-dname=canary-data",
          "--proxy-user=me:canary-proxy",
          "--noproxy",
          "*",
          "--pass",
          "canary-pass"};
}

TEST_CASE("no secret is in a log, a record or a command line") {
  Origin origin;
  TempDir dir;
  Running running =
      fetchpool(canaries(dir))
          .args({"-vv", "--include-headers", "--retry", "0", "-o", dir.file("out"),
                 origin.url("/slow?ms=300"), origin.url("/status/500"), origin.url("/close"),
                 origin.url("/redirect/1"), "http://me:canary-userinfo@127.0.0.1:1/"})
          .start();
  origin.wait_for_requests("/slow", 1);
  std::string seen = command_lines(running);
  CHECK_THAT(seen, ContainsSubstring("--include-headers"));
  CHECK(seen.find("canary") == std::string::npos);
  Finished done = running.wait();
  CHECK(done.err.find("canary") == std::string::npos);
  CHECK(done.out.find("canary") == std::string::npos);
  std::vector<Record> records = read_records(dir.read("out"));
  CHECK(records.size() == 5);
  std::string output = dir.read("out");
  // The list itself is repeated, without what is in its URLs.
  CHECK(output.find("canary-") == output.find("canary-userinfo"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path()))
    CHECK(entry.path().string().find("canary") == std::string::npos);
}

TEST_CASE("secrets come from files and from the environment") {
  Origin origin;
  TempDir dir;
  dir.write("user", "me:from-file\n");
  dir.write("headers", "X-One: 1\r\nX-Two: 2\n\n");
  Finished done = fetchpool({"-u", "@" + dir.file("user"), "-b", "@env:MY_COOKIE", "-H",
                             "@" + dir.file("headers"), origin.url("/echo")})
                      .env("MY_COOKIE", "a=from-env")
                      .run();
  REQUIRE(done.status == 0);
  std::string seen = read_records(done.out).at(0).body.value();
  CHECK_THAT(seen, ContainsSubstring("Basic bWU6ZnJvbS1maWxl\""));
  CHECK_THAT(seen, ContainsSubstring(R"(["cookie","a=from-env"])"));
  CHECK_THAT(seen, ContainsSubstring(R"(["x-one","1"],["x-two","2"])"));
  Finished missing = fetchpool({"-u", "@env:NOT_THERE", origin.url("/ok")}).run();
  CHECK(missing.status == 2);
  CHECK_THAT(missing.err, ContainsSubstring("--user"));
  CHECK(fetchpool({"-u", "@/nonexistent", origin.url("/ok")}).run().status == 2);
  CHECK(fetchpool({"-d", "@-", "-i", "-"}).stdin_text("x").run().status == 2);
  Finished input =
      fetchpool({"--oauth2-bearer", "@-", origin.url("/echo")}).stdin_text("from-stdin\n").run();
  CHECK_THAT(input.out, ContainsSubstring("Bearer from-stdin"));
}

TEST_CASE("what is wrong with a secret is said without it") {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"-u", "canary"},
                                                {"-b", "canary"},
                                                {"-u", "a:canary\nx"},
                                                {"--oauth2-bearer", "canary\nx"},
                                                {"-U", "canary\nx"},
                                                {"-x", "ftp://me:canary@host/"},
                                                {"-u", "me:canary", "--oauth2-bearer", "canary"},
                                                {"-H", "canary"}}) {
    CAPTURE(wrong);
    Finished done = fetchpool(wrong).arg("http://127.0.0.1:1/").run();
    CHECK(done.status == 2);
    CHECK(done.err.find("canary") == std::string::npos);
    CHECK_THAT(done.err, ContainsSubstring("--"));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
  }
}

}  // namespace
}  // namespace fetchpool::test
