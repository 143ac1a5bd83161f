#include "output/directory_sink.h"

#include <map>

#include "output/samples.h"
#include "output/test_disk.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;

constexpr std::uint64_t kResults = 5;

Files files_in(const std::string& path) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    std::string name = entry.path().lexically_relative(path).string();
    if (entry.is_regular_file() && !name.starts_with(".job"))
      files[name] = contents_of(entry.path().string());
  }
  return files;
}

std::string name_of(std::uint64_t seq) {
  return "bodies/00000/00000000" + std::to_string(seq) + ".html";
}

FetchResult page(std::uint64_t seq, const std::string& url = "http://h/a") {
  FetchResult result = full_result(seq, "body " + std::to_string(seq));
  result.url = result.url_effective = url;
  return result;
}

// Is killed right behind its `fatal` write, counted from 0.
class KillingDisk : public Disk {
 public:
  explicit KillingDisk(int fatal) : fatal_(fatal) {}

  ssize_t write(int fd, const struct iovec* pieces, int count) override {
    ssize_t written = Disk::write(fd, pieces, count);
    if (calls_++ == fatal_) throw Killed();
    return written;
  }

 private:
  int fatal_;
  int calls_ = 0;
};

void run(const std::string& path, Disk& disk, bool goes_on = false) {
  OutputOptions options;
  options.directory = path;
  options.disk = &disk;
  options.stable = true;
  options.goes_on = goes_on;
  auto sink = make_sink(options);
  for (std::uint64_t seq = kResults; seq-- > 0;) sink->put(page(seq));
  sink->flush();
  sink->checkpoint(true);
  sink->finish();
}

template <typename MakeDisk>
void kill_everywhere(MakeDisk make_disk) {
  TemporaryDirectory top;
  run(top.file("whole"), system_disk());
  Files expected = files_in(top.file("whole"));
  REQUIRE(expected.size() == kResults + 3);
  bool was_killed = true;
  for (int call = 0; was_killed; ++call) {
    INFO("call " << call);
    std::string path = top.file(std::to_string(call));
    auto disk = make_disk(call);
    was_killed = false;
    try {
      run(path, disk);
    } catch (const Killed&) {
      was_killed = true;
    }
    if (was_killed) run(path, system_disk(), true);
    CHECK((files_in(path) == expected));
    REQUIRE(call < 100);
  }
}

TEST_CASE("bodies of a run that was killed at any write come again under their names",
          "[directory_sink]") {
  kill_everywhere([](int call) { return FailingDisk(call, 0); });
  kill_everywhere([](int call) { return KillingDisk(call); });
}

TEST_CASE("going on removes no file of somebody else", "[directory_sink]") {
  for (int call = 0; call < 2 * static_cast<int>(kResults); ++call) {
    INFO("call " << call);
    TemporaryDirectory top;
    std::string path = top.file("out");
    // Some names are taken before, the others between the end of one run and the next.
    fs::create_directories(top.file("out/bodies/00000"));
    for (std::uint64_t seq : {1, 3}) std::ofstream(top.file("out/" + name_of(seq))) << "mine";
    std::ofstream(top.file("out/" + name_of(3) + ".part")) << "mine";
    KillingDisk disk(call);
    CHECK_THROWS_AS(run(path, disk), Killed);
    for (std::uint64_t seq : {2, 4}) {
      std::ofstream(top.file("mine")) << "mine";
      fs::rename(top.file("mine"), top.file("out/" + name_of(seq)));
    }
    fs::remove(top.file("out/" + name_of(0)));
    fs::create_directories(top.file("out/" + name_of(0) + "/folder"));
    run(path, system_disk(), true);
    Files files = files_in(path);
    for (std::uint64_t seq : {1, 2, 3, 4}) CHECK(files[name_of(seq)] == "mine");
    CHECK(files[name_of(3) + ".part"] == "mine");
    CHECK(fs::is_directory(top.file("out/" + name_of(0) + "/folder")));
    CHECK(files.size() == kResults + 3 + 5);
  }
}

TEST_CASE("no body takes the name of what is written about the run", "[directory_sink]") {
  TemporaryDirectory top;
  OutputOptions options;
  options.directory = top.file("out");
  options.name_template = "{path}";
  auto sink = make_sink(options);
  std::uint64_t seq = 0;
  for (const char* name : {"failed.txt", "summary.json", "manifest.jsonl", "failed.txt.part",
                           "summary.json/a", "x/failed.txt"})
    sink->put(page(seq++, "http://h/" + std::string(name)));
  sink->finish();
  Files files = files_in(top.file("out"));
  CHECK(files.size() == 6 + 3);
  CHECK(files["failed-0.txt"] == "body 0");
  CHECK(files["summary-1.json"] == "body 1");
  CHECK(files["manifest-2.jsonl"] == "body 2");
  CHECK(files["failed.txt.part"] == "body 3");
  CHECK(files[name_of(4)] == "body 4");
  CHECK(files["x/failed.txt"] == "body 5");
  CHECK(files["failed.txt"].empty());
  CHECK_THAT(files["summary.json"], ContainsSubstring("{\"urls\":6,"));
}

TEST_CASE("a body whose name would be too long gets another one", "[directory_sink]") {
  TemporaryDirectory top;
  OutputOptions options;
  options.directory = top.file("out");
  options.name_template = "{path}";
  auto sink = make_sink(options);
  std::string path;
  for (int i = 0; i < 40; ++i) path += std::string(150, 'x') + "/";
  sink->put(page(0, "http://h/" + path + "end"));
  sink->finish();
  CHECK(files_in(top.file("out"))[name_of(0)] == "body 0");
}

}  // namespace
}  // namespace fetchpool::output
