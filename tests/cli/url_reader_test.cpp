#include "cli/url_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/posix.h"
#include "cli/usage_error.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace fetchpool;
using namespace fetchpool::cli;
using fetchpool::test::TempDir;

namespace {

std::string make_fifo(const TempDir& directory) {
  std::string name = directory.file("list");
  REQUIRE(mkfifo(name.c_str(), 0600) == 0);
  return name;
}

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
  TempDir directory;
  UrlReader reader({"u1", "u2"}, {directory.write("1", "a\nb"), directory.write("2", "c\n")});
  CHECK(read_all(reader) == std::vector<std::string>{"u1", "u2", "a", "b", "c"});
  CHECK(reader.poll_fd() == -1);
  CHECK_FALSE(reader.next());
}

TEST_CASE("empty lists give nothing", "[url_reader]") {
  TempDir directory;
  UrlReader reader({}, {directory.write("1", ""), directory.write("2", "# c\n"), "/dev/null"});
  CHECK(read_all(reader).empty());
}

TEST_CASE("each list may begin with a byte order mark", "[url_reader]") {
  TempDir directory;
  const std::string text =
      "\xEF\xBB\xBF"
      "a\n";
  UrlReader reader({}, {directory.write("1", text), directory.write("2", text)});
  CHECK(read_all(reader) == std::vector<std::string>{"a", "a"});
}

TEST_CASE("a FIFO gives its lines before its end, and none before its writer", "[url_reader]") {
  TempDir directory;
  std::string name = make_fifo(directory);
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
  TempDir directory;
  std::string name = make_fifo(directory);
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
  TempDir directory;
  std::string list;
  for (int i = 0; i < 20000; ++i) list += "http://host/" + std::to_string(i) + "\n";
  UrlReader reader({}, {directory.write("list", list)});
  REQUIRE(reader.next());
  CHECK(lseek(reader.poll_fd(), 0, SEEK_CUR) == 64 << 10);
}

TEST_CASE("a list that shrinks while it is read ends there", "[url_reader]") {
  TempDir directory;
  std::string name = directory.write("list", "a\n" + std::string(100000, 'b') + "\nc\n");
  UrlReader reader({}, {name});
  CHECK(reader.next()->text == "a");
  REQUIRE(::truncate(name.c_str(), 2) == 0);
  auto line = reader.next();
  REQUIRE(line);
  CHECK_FALSE(reader.next());
  CHECK(reader.at_end());
}

TEST_CASE("a list that cannot be read is refused before anything begins", "[url_reader]") {
  TempDir directory;
  std::string utf16 = directory.write("utf16", std::string("\xFF\xFEh\0", 4));
  auto opening = [](const std::string& name) { return UrlReader({"u"}, {"/dev/null", name}); };
  CHECK_THROWS_WITH(opening(directory.path() + "/missing"),
                    ContainsSubstring("/missing: No such file or directory"));
  CHECK_THROWS_WITH(opening(directory.path()), ContainsSubstring("is a directory"));
  CHECK_THROWS_WITH(opening(utf16), ContainsSubstring("is UTF-16"));
  CHECK_THROWS_AS(opening(utf16), UsageError);
  if (geteuid() != 0) {
    std::string secret = directory.write("secret", "a\n");
    REQUIRE(::chmod(secret.c_str(), 0) == 0);
    CHECK_THROWS_WITH(opening(secret), ContainsSubstring("Permission denied"));
  }
}

TEST_CASE("a pipe in UTF-16 shows when it is read, and ends the reader", "[url_reader]") {
  TempDir directory;
  std::string name = make_fifo(directory);
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
