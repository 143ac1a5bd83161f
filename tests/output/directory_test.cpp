#include "output/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "output/line_file.h"
#include "output/record.h"
#include "output/record_reader.h"
#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

namespace fs = std::filesystem;

TEST_CASE("files are made beneath a directory and named without taking a name", "[directory]") {
  TemporaryDirectory top;
  Directory directory = Directory::open(top.file("a/b"));
  UniqueFd fd = directory.create("x/y/z.part");
  REQUIRE(fd.is_open());
  CHECK_FALSE(directory.create("x/y/z.part").is_open());
  Directory folder = directory.folder("x/y");
  std::string identity = folder.identity("z.part");
  CHECK_FALSE(identity.empty());
  std::ofstream(top.file("a/b/taken")) << "somebody's";
  fs::create_directory(top.file("a/b/folder"));
  CHECK(directory.identity("folder").empty());
  CHECK(directory.identity("nothing").empty());
  CHECK(directory.identity("taken") != identity);
  const std::string long_name(256, 'x');
  const std::string long_path(5000, 'x');
  for (const char* name : {"taken", "taken/z", "folder", long_name.c_str(), long_path.c_str()}) {
    INFO(name);
    CHECK_FALSE(folder.move("z.part", directory, name));
  }
  CHECK(contents_of(top.file("a/b/taken")) == "somebody's");
  CHECK(folder.move("z.part", directory, "v/w/z"));
  CHECK(directory.identity("v/w/z") == identity);
  CHECK_FALSE(directory.has("x/y/z.part"));
  REQUIRE(folder.create("new").is_open());
  CHECK(folder.move("new", directory, "taken", true));
  CHECK(contents_of(top.file("a/b/taken")).empty());
  directory.remove("v/w/z");
  directory.remove("v/w/z");
  CHECK_FALSE(directory.has("v/w/z"));
  CHECK_FALSE(directory.create(long_name).is_open());
  CHECK_FALSE(directory.create(long_name + "/z").is_open());
  CHECK_FALSE(directory.create(long_path + "/z").is_open());
}

TEST_CASE("no planted link leads out of a directory", "[directory]") {
  TemporaryDirectory top;
  fs::create_directory(top.file("outside"));
  std::ofstream(top.file("outside/file")) << "untouched";
  Directory directory = Directory::open(top.file("in"));
  fs::create_symlink(top.file("outside"), top.file("in/folder"));
  fs::create_symlink(top.file("outside/file"), top.file("in/file"));
  fs::create_symlink(top.file("outside/new"), top.file("in/new"));
  mkfifo(top.file("in/pipe").c_str(), 0600);
  CHECK_FALSE(directory.create("folder/x").is_open());
  CHECK_FALSE(directory.create("file").is_open());
  CHECK_FALSE(directory.create("new").is_open());
  CHECK_FALSE(directory.create("pipe").is_open());
  CHECK_THROWS_AS(directory.open_existing("file", O_WRONLY), SystemError);
  CHECK_THROWS_AS(directory.open_existing("folder/file", O_RDONLY), SystemError);
  CHECK_THROWS_AS(directory.open_existing("pipe", O_RDONLY), Error);
  CHECK_THROWS_AS(directory.make_folder("folder/y"), SystemError);
  CHECK_THROWS_AS(directory.make_folder("file"), SystemError);
  CHECK(directory.has("new"));
  directory.remove("folder/file");
  CHECK(contents_of(top.file("outside/file")) == "untouched");
  CHECK(std::distance(fs::directory_iterator(top.file("outside")), {}) == 1);
}

TEST_CASE("what was written as a record is read again", "[record_reader]") {
  FetchResult result = full_result(7, "x");
  result.input = "http://h/\x01\"quoted\\\n \xc3\xbc";
  result.error = "{\"ok\":true}";
  result.outcome = Outcome::dns;
  RecordWriter writer({.bodies = false, .headers = true, .files = true});
  std::string line(writer.write(result, "bodies/a").head);
  line.pop_back();
  RecordReader reader(line);
  CHECK(reader.is_whole());
  CHECK(reader.number("seq") == 7);
  CHECK(reader.text("input") == result.input);
  CHECK_FALSE(reader.is_true("ok"));
  CHECK(reader.text("outcome") == "dns");
  CHECK(reader.text("body_file") == "bodies/a");
  CHECK(reader.number("response_code") == 200);
  CHECK(reader.text("input") == result.input);
  CHECK_FALSE(reader.number("outcome"));
  CHECK_FALSE(reader.text("nothing"));
  for (std::size_t size = 0; size < line.size(); ++size) {
    RecordReader cut(std::string_view(line).substr(0, size));
    CHECK_FALSE(cut.is_whole());
    CHECK_FALSE(cut.raw("worker"));
  }
}

TEST_CASE("lines come out of a file one by one", "[line_file]") {
  TemporaryDirectory top;
  std::string text = "a\n\n" + std::string(600000, 'x') + "\nlast";
  std::ofstream(top.file("f")) << text;
  LineFile lines(posix::open_file(top.file("f"), O_RDONLY), "f");
  std::vector<std::size_t> sizes;
  std::vector<std::uint64_t> offsets;
  for (std::string_view line; lines.next(line);) {
    sizes.push_back(line.size());
    offsets.push_back(lines.offset());
  }
  CHECK(sizes == std::vector<std::size_t>{1, 0, 600000, 4});
  CHECK(offsets == std::vector<std::uint64_t>{0, 2, 3, 600004});
  CHECK_FALSE(lines.ended());
}

}  // namespace
}  // namespace fetchpool::output
