// Names of files that URLs, lists and servers would like to choose.
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "program/output_kind.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

namespace fs = std::filesystem;

// As they stand in the path of a URL.
const std::vector<std::string>& hostile_paths() {
  static const std::vector<std::string> paths = {
      "../../outside/a",
      "..%2f..%2foutside/a",
      "%2e%2e/%2e%2e/outside/a",
      "%2e%2e%2f%2e%2e%2foutside%2fa",
      "/etc/passwd",
      "//etc/passwd",
      "....//....//outside/a",
      "..\\..\\outside\\a",
      "C:\\Windows\\system32\\x",
      "C:/Windows/x",
      "\\\\host\\share\\x",
      ".bashrc",
      ".ssh/authorized_keys",
      ".git/config",
      ".job/journal",
      ".job/names",
      ".job",
      "manifest.jsonl",
      "manifest.jsonl/x",
      "failed.txt",
      "summary.json",
      "CON",
      "aux.txt",
      "-rf",
      "--output=x",
      "$(touch%20x)",
      "`id`",
      ";rm%20x",
      "a%00b",
      "a%0ab",
      "a%0d%0ab",
      "%1b[2J",
      "%ff%fe",
      "%c0%ae%c0%ae/x",
      "%e2%80%ae.txt",
      "link/x",
      "link-to-file",
      "link-to-nothing",
      "pipe",
      "folder",
      "folder/",
      std::string(300, 'x'),
      std::string(100, 'y') + "/" + std::string(4000, 'z'),
      "a/" + std::string(180, '/') + "b",
  };
  return paths;
}

// A directory with what somebody has planted in it, and everything beside it that must stay.
class PlantedDirectory {
 public:
  PlantedDirectory() {
    dir_.write("outside/file", "untouched");
    dir_.write("outside/a", "untouched");
    dir_.write("outside/x", "untouched");
    fs::create_directories(dir_.file("top/out/folder"));
    auto plant = [&](const std::string& to, const std::string& name) {
      fs::create_symlink(dir_.file(to), dir_.file("top/out/" + name));
    };
    plant("outside", "link");
    plant("outside/file", "link-to-file");
    plant("outside/new", "link-to-nothing");
    mkfifo(dir_.file("top/out/pipe").c_str(), 0600);
    dir_.write("top/out/theirs", "untouched");
  }

  std::string path() const { return dir_.file("top/out"); }

  void check_untouched() const {
    std::set<std::string> outside;
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
      std::string name = entry.path().lexically_relative(dir_.path()).string();
      if (!name.starts_with("top/out")) outside.insert(name);
    }
    CHECK(outside ==
          std::set<std::string>{"outside", "outside/a", "outside/file", "outside/x", "top"});
    for (const char* name : {"outside/a", "outside/file", "outside/x", "top/out/theirs"})
      CHECK(dir_.read(name) == "untouched");
    CHECK(fs::is_symlink(dir_.file("top/out/link")));
    CHECK(fs::is_symlink(dir_.file("top/out/link-to-file")));
    CHECK(fs::is_symlink(dir_.file("top/out/link-to-nothing")));
    CHECK(fs::is_fifo(dir_.file("top/out/pipe")));
  }

  // Every record that is ok has a file of its own beneath, which is no link.
  void check_bodies() const {
    std::set<std::string> names;
    std::string text = dir_.read("top/out/manifest.jsonl");
    long ok = count_of(read_records(text), "ok");
    for (const auto& [name, body] : files_beneath(path()))
      if (body.size() == 77) names.insert(name);
    CHECK(static_cast<long>(names.size()) == ok);
    Finished check = fetchpool({"check", path()}).run();
    CHECK(check.status == 0);
    CHECK_THAT(check.err, ContainsSubstring(std::to_string(ok) + " body files, no fault"));
  }

 private:
  TempDir dir_;
};

TEST_CASE("no path of a URL leads out of the directory or changes what is there") {
  auto name_template = GENERATE(std::string("{path}"), std::string("{host}/{basename}"),
                                std::string("{basename}"), std::string("../../{path}"),
                                std::string("link/{basename}"), std::string("/{path}{ext}"));
  CAPTURE(name_template);
  REQUIRE(hostile_paths().size() >= 40);
  Origin origin;
  PlantedDirectory planted;
  std::string list;
  for (const std::string& path : hostile_paths()) {
    list += origin.url("/ok/" + path + "?size=77") + "\n";
    list += origin.url("/" + path + "?size=77") + "\n";
  }
  Finished done = fetchpool({"-P", planted.path(), "--output-template", name_template, "--retry",
                             "0", "-j", "8"})
                      .stdin_text(list)
                      .run();
  CHECK((done.status == 0 || done.status == 7 || done.status == 8));
  planted.check_untouched();
  planted.check_bodies();
}

std::string json_text(const std::string& text) {
  std::string json;
  for (char c : text) json += c == '\\' || c == '"' ? std::string{'\\', c} : std::string(1, c);
  return json;
}

TEST_CASE("a list may name files, but not outside of the directory") {
  Origin origin;
  PlantedDirectory planted;
  std::string list;
  for (const std::string& path : hostile_paths())
    list += R"({"url":")" + origin.url("/ok?size=77") + R"(","out":")" + json_text(path) + "\"}\n";
  list += R"({"url":")" + origin.url("/ok?size=77") + R"(","out":"named/here.txt"})" + "\n";
  CHECK(fetchpool({"-P", planted.path()}).stdin_text(list).run().status == 0);
  CHECK(read_file(planted.path() + "/named/here.txt").size() == 77);
  planted.check_untouched();
  planted.check_bodies();
}

TEST_CASE("155: what a server calls a file is not its name") {
  Origin origin;
  PlantedDirectory planted;
  std::string list;
  for (const char* value :
       {"../../etc/x", "/abs", "C:\\x", "CON", ".bashrc", "a%00b", "%2e%2e%2f", "\"../x\"",
        "x; filename*=UTF-8''..%252f..%252fx", "\"a\\\"b\"", "link-to-file", "pipe"})
    list += origin.url(std::string("/header?size=77&line=Content-Disposition:%20attachment;"
                                   "%20filename=") +
                       value) +
            "\n";
  Finished done = fetchpool({"-P", planted.path()}).stdin_text(list).run();
  CHECK((done.status == 0 || done.status == 7));
  for (const auto& [name, body] : files_beneath(planted.path())) {
    bool is_expected = name.starts_with("bodies/00000/0000000") || name == "manifest.jsonl" ||
                       name == "failed.txt" || name == "summary.json" || name == "theirs";
    INFO(name);
    CHECK(is_expected);
  }
  CHECK(count_of(read_records(read_file(planted.path() + "/manifest.jsonl")), "ok") >= 10);
  planted.check_untouched();
  planted.check_bodies();
}

}  // namespace
}  // namespace fetchpool::test
