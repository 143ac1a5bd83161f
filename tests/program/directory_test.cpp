// Bodies as files: -P.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <random>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// All files beneath a directory, without what a run keeps for itself.
std::map<std::string, std::string> files_in(const std::string& path) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    std::string name = entry.path().lexically_relative(path).string();
    if (entry.is_regular_file() && !name.starts_with(".job")) files[name] = read_file(entry.path());
  }
  return files;
}

std::string site_list(const Origin& origin, int urls) {
  std::string list;
  for (int i = 0; i < urls; ++i) {
    std::string number = std::to_string(i);
    list += origin.url(i % 40 == 39   ? "/slow/" + number + "?ms=30&size=3000"
                       : i % 50 == 3  ? "/ok?size=700000&i=" + number
                       : i % 20 == 11 ? "/status/404?i=" + number
                                      : "/gzip?size=4000&i=" + number) +
            "\n";
  }
  return list;
}

TEST_CASE("bodies become files, with a manifest, a list of failures and a summary") {
  Origin origin;
  TempDir dir;
  std::string list = origin.url("/ok?size=40") + "\n" + origin.url("/status/404") + "\n" +
                     origin.url("/ok?size=0") + "\n" + origin.url("/short-body") + "\nnonsense\n" +
                     origin.url("/ok?size=700000") + "\n";
  Finished done = fetchpool({"-P", dir.file("new/out"), "--retry", "0"}).stdin_text(list).run();
  CHECK(done.status == 4);
  auto files = files_in(dir.file("new/out"));
  std::vector<Record> records = read_records(files.at("manifest.jsonl"));
  REQUIRE(records.size() == 6);
  CHECK(are_in_order(records));
  std::vector<std::string> bodies;
  for (const auto& [name, text] : files)
    if (name.starts_with("bodies/")) bodies.push_back(name);
  REQUIRE(bodies.size() == 3);
  CHECK(bodies[0].starts_with("bodies/00000/000000000"));
  CHECK(files[bodies[0]] == origin_body("/ok?size=40", 40));
  CHECK(files[bodies[1]].empty());
  CHECK((files[bodies[2]] == origin_body("/ok?size=700000", 700000)));
  CHECK_THAT(files["manifest.jsonl"], ContainsSubstring("\"body_file\":\"" + bodies[0] + "\""));
  CHECK_THAT(files["manifest.jsonl"], ContainsSubstring("\"body_file\":null"));
  CHECK_THAT(files["failed.txt"], ContainsSubstring("\n" + origin.url("/status/404") + "\n"));
  CHECK_THAT(files["failed.txt"], ContainsSubstring("# truncated 200 "));
  CHECK_THAT(files["summary.json"], ContainsSubstring("{\"urls\":6,\"ok\":3,\"failed\":3,"));
  CHECK_THAT(files["summary.json"], ContainsSubstring("\"http_error\":1"));
  CHECK(files.size() == 6);

  std::vector<Record> again =
      read_records(fetchpool({"-i", dir.file("new/out/failed.txt"), "--retry", "0"}).run().out);
  CHECK(again.size() == 3);
}

TEST_CASE("the list of failures has their ids, and asks for nothing else than was asked for") {
  Origin origin;
  TempDir dir;
  std::string missing = origin.url("/status/404");
  std::string secret = missing;
  secret.replace(0, 7, "http://me:canary@");
  std::string list =
      missing + "\tid9\n" + R"({"url":")" + missing + R"(?2","id":"7"})" + "\n" + secret + "\n";
  fetchpool({"-P", dir.file("out"), "--allow-userinfo", "--retry", "0"}).stdin_text(list).run();
  std::string failed = dir.read("out/failed.txt");
  CHECK(failed.find("canary") == std::string::npos);
  CHECK_THAT(failed, ContainsSubstring("\n# http://***@"));
  std::vector<Record> again = read_records(
      fetchpool({"-i", dir.file("out/failed.txt"), "--allow-userinfo", "--retry", "0"}).run().out);
  REQUIRE(again.size() == 2);
  CHECK_THAT(failed, ContainsSubstring("\n" + missing + "\tid9\n"));
  CHECK_THAT(failed, ContainsSubstring("\n" + missing + "?2\t7\n"));
  CHECK(again[0].input == missing);
  CHECK(again[1].input == missing + "?2");
}

TEST_CASE("a body that never comes whole has a name after any number of runs") {
  Origin origin;
  TempDir dir;
  for (int run = 0; run < 6; ++run) {
    Finished done = fetchpool({"-P", dir.file("out"), "--keep-partial", "--retry", "0", "-c",
                               "--retry-failed", origin.url("/short-body"), origin.url("/ok")})
                        .run();
    INFO(done.err);
    REQUIRE(done.status == 4);
    REQUIRE(read_records(dir.read("out/manifest.jsonl")).size() == 2);
    CHECK(fetchpool({"check", dir.file("out")}).run().status == 0);
  }
}

TEST_CASE("files can be named by a template, and no name is taken twice") {
  Origin origin;
  TempDir dir;
  std::string list;
  for (const char* query : {"1", "2", "3"}) list += origin.url("/ok?size=5&i=") + query + "\n";
  Finished done = fetchpool({"-P", dir.file("out"), "--output-template", "{basename}.x"})
                      .stdin_text(list)
                      .run();
  CHECK(done.status == 0);
  auto files = files_in(dir.file("out"));
  CHECK(files.count("ok.x") == 1);
  CHECK(files.count("ok-0.x") + files.count("ok-1.x") + files.count("ok-2.x") == 2);
  CHECK(fetchpool({"-P", dir.file("out"), "--output-template", "{x}"}).run().status == 2);
}

TEST_CASE("bodies of what failed are kept where that is asked for") {
  Origin origin;
  TempDir dir;
  fetchpool({"-P", dir.file("out"), "--keep-partial", "--retry", "0", origin.url("/short-body")})
      .run();
  auto files = files_in(dir.file("out"));
  CHECK(std::count_if(files.begin(), files.end(), [](const auto& file) {
          return file.first.starts_with("bodies/") && file.first.ends_with(".part");
        }) == 1);
  CHECK_THAT(files["manifest.jsonl"], ContainsSubstring(".part\""));
}

TEST_CASE("what is there already is not touched") {
  Origin origin;
  TempDir dir;
  dir.write("out/bodies/00000/000000000", "somebody's");
  dir.write("out/bodies/00000/000000000.txt", "somebody's");
  dir.write("out/notes", "mine");
  dir.write("outside/file", "untouched");
  fs::create_symlink(dir.file("outside/new"), dir.file("out/bodies/00000/000000001.txt"));
  fs::create_symlink(dir.file("outside/new"), dir.file("out/bodies/00000/000000001"));
  fs::create_symlink(dir.file("outside/new"), dir.file("out/bodies/00000/000000001.part"));
  mkfifo(dir.file("out/bodies/00000/000000002").c_str(), 0600);
  std::string list;
  for (int i = 0; i < 3; ++i) list += origin.url("/ok?size=5&i=" + std::to_string(i)) + "\n";
  Finished done = fetchpool({"-P", dir.file("out")}).stdin_text(list).run();
  CHECK(done.status == 0);
  CHECK(dir.read("out/bodies/00000/000000000") == "somebody's");
  CHECK(dir.read("out/bodies/00000/000000000.txt") == "somebody's");
  CHECK(dir.read("out/notes") == "mine");
  CHECK(files_in(dir.file("outside")).size() == 1);
  CHECK(dir.read("outside/file") == "untouched");
  CHECK(count_of(read_records(dir.read("out/manifest.jsonl")), "ok") == 3);
}

TEST_CASE("a directory whose folders lead elsewhere is refused") {
  Origin origin;
  TempDir dir;
  dir.write("outside/file", "untouched");
  for (const char* planted : {"bodies", ".job", "manifest.jsonl", "failed.txt"}) {
    INFO(planted);
    fs::remove_all(dir.file("out"));
    fs::create_directory(dir.file("out"));
    fs::create_symlink(dir.file(std::string("outside/") + planted),
                       dir.file(std::string("out/") + planted));
    Finished done = fetchpool({"-P", dir.file("out"), origin.url("/ok")}).run();
    CHECK((done.status == 3 || done.status == 2 || done.status == 1));
    CHECK(files_in(dir.file("outside")).size() == 1);
  }
  fs::remove_all(dir.file("out"));
  fs::create_directory(dir.file("out"));
  fs::create_symlink(dir.file("outside"), dir.file("out/bodies"));
  CHECK(fetchpool({"-P", dir.file("out"), origin.url("/ok")}).run().status == 3);
  CHECK(files_in(dir.file("outside")).size() == 1);
}

TEST_CASE("a directory of another run is refused without -c") {
  Origin origin;
  TempDir dir;
  std::vector<std::string> arguments = {"-P", dir.file("out"), origin.url("/ok")};
  CHECK(fetchpool(arguments).run().status == 0);
  auto before = files_in(dir.file("out"));
  Finished done = fetchpool(arguments).run();
  CHECK(done.status == 2);
  CHECK_THAT(done.err, ContainsSubstring("go on with that run (-c)"));
  CHECK(fetchpool(arguments).arg("-c").run().status == 0);
  CHECK(files_in(dir.file("out")) == before);
  CHECK(origin.requests() == 1);
  for (const char* other : {"-o", "--raw", "--unordered"})
    CHECK(fetchpool({"-P", "x", other, "http://h/"}).run().status == 2);
}

TEST_CASE("a new run in a directory leaves the bodies of an earlier one alone") {
  Origin origin;
  TempDir dir;
  auto options = GENERATE(std::vector<std::string>{}, std::vector<std::string>{"-c"});
  auto list = [&](int size, int urls) {
    std::string text;
    for (int i = 0; i < urls; ++i)
      text += origin.url("/ok?size=" + std::to_string(size) + "&i=" + std::to_string(i)) + "\n";
    return text;
  };
  auto fetch = [&](const std::string& text) {
    return fetchpool({"-P", dir.file("out")}).args(options).stdin_text(text).run().status;
  };
  REQUIRE(fetch(list(50, 5)) == 0);
  auto earlier = files_in(dir.file("out"));
  for (const char* name : {"manifest.jsonl", "failed.txt", "summary.json"}) {
    fs::remove(dir.file(std::string("out/") + name));
    earlier.erase(name);
  }
  REQUIRE(earlier.size() == 5);
  CHECK(fetch(list(60, 3)) == 0);
  auto files = files_in(dir.file("out"));
  for (const auto& [name, body] : earlier) {
    INFO(name);
    CHECK(files[name] == body);
  }
  CHECK(files.size() == 5 + 3 + 3);
  // Neither does going on with the new one.
  CHECK(fetchpool({"-P", dir.file("out"), "-c"}).stdin_text(list(60, 4)).run().status == 0);
  CHECK(files_in(dir.file("out")).size() == 5 + 4 + 3);
}

TEST_CASE(
    "a directory filled by a run that is killed again and again is that of an undisturbed one",
    "[endurance]") {
  unsigned seed = new_seed();
  std::mt19937 random(seed);
  Origin origin;
  TempDir dir;
  dir.write("list", site_list(origin, 500));
  auto options = GENERATE(std::vector<std::string>{},
                          std::vector<std::string>{"--output-template", "{seq}/{basename}"});
  auto command = [&](const std::string& output) {
    return fetchpool({"-i", dir.file("list"), "-P", dir.file(output), "--stable", "-p", "2", "-j",
                      "24", "--per-host", "0", "-c"})
        .args(options);
  };
  REQUIRE(command("undisturbed").run().status == 8);
  auto expected = files_in(dir.file("undisturbed"));
  CHECK(expected.size() == 500 - 25 + 3);
  int goal = is_long_run() ? 500 : 5;
  for (int kills = 0; kills < goal; ++kills) {
    long more = origin.requests() + static_cast<long>(random() % 250);
    Running run = command("out").start();
    CHECK(eventually([&] { return origin.requests() >= more || !run.is_running(); }, 60s));
    std::vector<Process> processes = run.processes();
    run.signal(SIGKILL);
    bool was_killed = run.wait().signal == SIGKILL;
    CHECK(wait_until_gone(processes, 10s));
    if (was_killed && kills + 1 < goal) continue;
    // 2: it was killed when all was done, so that there is nothing to go on with.
    int status = command("out").run().status;
    CHECK((status == 8 || status == 2));
    CHECK((files_in(dir.file("out")) == expected));
    fs::remove_all(dir.file("out"));
  }
}

}  // namespace
}  // namespace fetchpool::test
