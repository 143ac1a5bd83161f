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

// What is in the files beneath a directory, and their names.
std::string all_of(const std::filesystem::path& directory) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    all += entry.path().string() + "\n";
    if (entry.is_regular_file()) all += content_of(entry.path()) + "\n";
  }
  return all;
}

TEST_CASE("no secret is in any file that is written, whatever the outputs are") {
  Origin origin;
  TempDir secret_files;
  std::string config = secret_files.write(
      "config", "user = \"me:canary-password\"\nheader = \"X-Api-Key: canary-header\"\n");
  std::string list;
  for (const char* target : {"/ok", "/status/500", "/close", "/redirect/2", "/gzip-plain", "/hang"})
    list += "{\"url\":\"" + origin.url(target) +
            "\",\"headers\":{\"Cookie\":\"canary-cookie\"},\"method\":\"PUT\","
            "\"body\":\"canary-body\"}\n" +
            origin.url(target).insert(7, "me:canary-userinfo@") + "\n";
  secret_files.write("list", list);
  // Records, their journal and an archive; a directory, with bodies of what failed.
  for (const char* output : {"-o", "-P"}) {
    INFO(output);
    TempDir dir;
    Command command = fetchpool({"-K", config, "-i", secret_files.file("list"), "-vv", "-c", "-m",
                                 "1", "--retry", "1", "--retry-delay", "1ms", "--include-headers",
                                 "--allow-userinfo", output, dir.file("out")});
    if (std::string(output) == "-o") command.args({"--warc", dir.file("archive.warc.gz")});
    if (std::string(output) == "-P") command.arg("--keep-partial");
    Running running = command.start();
    origin.wait_for_requests("/hang", 1);
    std::string seen = command_lines(running);
    CHECK_THAT(seen, ContainsSubstring("--include-headers"));
    Finished done = running.wait();
    CHECK(done.status == 4);
    CHECK_THAT(done.err, ContainsSubstring("4 of 12 URLs ok"));
    std::string all = done.out + done.err + seen + all_of(dir.path());
    if (std::string(output) == "-o") {
      Finished unpacked = Command("gzip").args({"-dc", dir.file("archive.warc.gz")}).run();
      CHECK_THAT(unpacked.out, ContainsSubstring("[redacted]"));
      // What is sent as a body is archived, as the answer to it is.
      std::string archived = unpacked.out;
      for (std::size_t at; (at = archived.find("canary-body")) != std::string::npos;)
        archived.erase(at, 11);
      all += archived;
    }
    std::size_t found = all.find("canary");
    INFO(all.substr(found == std::string::npos ? 0 : found - std::min<std::size_t>(found, 200),
                    400));
    CHECK(found == std::string::npos);
    CHECK(all.find("bWU6Y2FuYXJ5") == std::string::npos);
    origin.reset_counts();
  }
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
                                                {"-x", "http://me:canary#1@host/"},
                                                {"-x", "http://me:canary/1@127.0.0.1:80"},
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

TEST_CASE("the proxy of the environment is not quoted where it cannot be read") {
  Finished done = fetchpool({"--proxy-env", "--retry", "0", "-vv", "http://127.0.0.1:1/"})
                      .env("http_proxy", "http://me:canary#1@127.0.0.1:1")
                      .run();
  CHECK(done.status == 4);
  CHECK_THAT(read_records(done.out).at(0).error, ContainsSubstring("proxy cannot be read"));
  CHECK((done.out + done.err).find("canary") == std::string::npos);
}

}  // namespace
}  // namespace fetchpool::test
