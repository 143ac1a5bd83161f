#include "cli/url_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/posix.h"
#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;

namespace {

// A directory that goes with all its files.
class Directory {
 public:
  Directory() {
    char name[] = "/tmp/fetchpool-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Directory() {
    for (const auto& name : names_) ::unlink(name.c_str());
    ::rmdir(path_.c_str());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string file(const std::string& name, const std::string& content) {
    std::ofstream(remembered(name), std::ios::binary) << content;
    return names_.back();
  }
  std::string fifo(const std::string& name) {
    REQUIRE(mkfifo(remembered(name).c_str(), 0600) == 0);
    return names_.back();
  }
  const std::string& path() const { return path_; }

 private:
  std::string remembered(const std::string& name) {
    names_.push_back(path_ + "/" + name);
    return names_.back();
  }

  std::string path_;
  std::vector<std::string> names_;
};

std::vector<std::string> read_all(UrlReader& reader) {
  std::vector<std::string> texts;
  while (!reader.at_end()) {
    if (auto line = reader.next()) {
      texts.push_back(line->text);
    } else if (!reader.at_end()) {
      struct pollfd readable {
        reader.poll_fd(), POLLIN, 0
      };
      REQUIRE(posix::poll_for(&readable, 1, std::chrono::seconds(20)) == 1);
    }
  }
  return texts;
}

void write_text(const UniqueFd& fd, const std::string& text) {
  posix::write_all(fd.get(), text.data(), text.size());
}

}  // namespace

TEST_CASE("URLs of the command line come first, then the lists in their order", "[url_reader]") {
  Directory directory;
  UrlReader reader({"u1", "u2"}, {directory.file("1", "a\nb"), directory.file("2", "c\n")});
  CHECK(read_all(reader) == std::vector<std::string>{"u1", "u2", "a", "b", "c"});
  CHECK(reader.poll_fd() == -1);
  CHECK_FALSE(reader.next());
}

TEST_CASE("empty lists give nothing", "[url_reader]") {
  Directory directory;
  UrlReader reader({}, {directory.file("1", ""), directory.file("2", "# c\n"), "/dev/null"});
  CHECK(read_all(reader).empty());
}

TEST_CASE("each list may begin with a byte order mark", "[url_reader]") {
  Directory directory;
  const std::string text =
      "\xEF\xBB\xBF"
      "a\n";
  UrlReader reader({}, {directory.file("1", text), directory.file("2", text)});
  CHECK(read_all(reader) == std::vector<std::string>{"a", "a"});
}

TEST_CASE("a FIFO gives its lines before its end, and none before its writer", "[url_reader]") {
  Directory directory;
  std::string name = directory.fifo("list");
  UrlReader reader({}, {name});
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.at_end());

  UniqueFd writer = posix::open_file(name, O_WRONLY);
  CHECK_FALSE(reader.next());
  write_text(writer, "a\nb");
  CHECK(reader.next()->text == "a");
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.at_end());
  write_text(writer, "c\n");
  CHECK(reader.next()->text == "bc");
  write_text(writer, "last");
  writer.reset();
  CHECK(reader.next()->text == "last");
  CHECK_FALSE(reader.next());
  CHECK(reader.at_end());
}

TEST_CASE("lines cut at every byte of a pipe come whole", "[url_reader]") {
  Directory directory;
  std::string name = directory.fifo("list");
  const std::string list = "\xEF\xBB\xBF# c\r\n a \r\n\r\nb#f\nlast";
  UrlReader reader({}, {name});
  UniqueFd writer = posix::open_file(name, O_WRONLY);
  std::vector<std::string> texts;
  for (char byte : list) {
    write_text(writer, std::string(1, byte));
    while (auto line = reader.next()) texts.push_back(line->text);
  }
  writer.reset();
  for (const auto& text : read_all(reader)) texts.push_back(text);
  CHECK(texts == std::vector<std::string>{"a", "b#f", "last"});
}

TEST_CASE("no more than one piece is read ahead", "[url_reader]") {
  Directory directory;
  std::string list;
  for (int i = 0; i < 20000; ++i) list += "http://host/" + std::to_string(i) + "\n";
  UrlReader reader({}, {directory.file("list", list)});
  REQUIRE(reader.next());
  CHECK(lseek(reader.poll_fd(), 0, SEEK_CUR) == 64 << 10);
}

TEST_CASE("a list that shrinks while it is read ends there", "[url_reader]") {
  Directory directory;
  std::string name = directory.file("list", "a\n" + std::string(100000, 'b') + "\nc\n");
  UrlReader reader({}, {name});
  CHECK(reader.next()->text == "a");
  REQUIRE(::truncate(name.c_str(), 2) == 0);
  auto line = reader.next();
  REQUIRE(line);
  CHECK_FALSE(reader.next());
  CHECK(reader.at_end());
}

TEST_CASE("a list that cannot be read is refused before anything begins", "[url_reader]") {
  Directory directory;
  std::string utf16 = directory.file("utf16", std::string("\xFF\xFEh\0", 4));
  auto opening = [](const std::string& name) { return UrlReader({"u"}, {"/dev/null", name}); };
  CHECK_THROWS_WITH(opening(directory.path() + "/missing"),
                    ContainsSubstring("/missing: No such file or directory"));
  CHECK_THROWS_WITH(opening(directory.path()), ContainsSubstring("is a directory"));
  CHECK_THROWS_WITH(opening(utf16), ContainsSubstring("is UTF-16"));
  CHECK_THROWS_AS(opening(utf16), UsageError);
  if (geteuid() != 0) {
    std::string secret = directory.file("secret", "a\n");
    REQUIRE(::chmod(secret.c_str(), 0) == 0);
    CHECK_THROWS_WITH(opening(secret), ContainsSubstring("Permission denied"));
  }
}

TEST_CASE("a pipe in UTF-16 shows when it is read, and ends the reader", "[url_reader]") {
  Directory directory;
  std::string name = directory.fifo("list");
  UrlReader reader({}, {name});
  UniqueFd writer = posix::open_file(name, O_WRONLY);
  write_text(writer, std::string("\xFE\xFF\0h\0\n", 6));
  CHECK_THROWS_AS(reader.next(), UsageError);
  CHECK(reader.at_end());
}

TEST_CASE("an error in the middle of a list says which list", "[url_reader]") {
  // Reading the first page of one's own memory fails, as a broken disk does.
  UrlReader reader({"u"}, {"/proc/self/mem"});
  CHECK(reader.next()->text == "u");
  CHECK_THROWS_WITH(reader.next(), ContainsSubstring("cannot read the list /proc/self/mem: "));
  CHECK(reader.at_end());
}
