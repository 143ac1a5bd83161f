#include "cli/line_splitter.h"

#include <string>
#include <vector>

#include "cli/usage_error.h"
#include "support/catch.h"

using namespace fetchpool::cli;
using namespace std::string_literals;

namespace {

void drain(LineSplitter& splitter, std::vector<ListLine>& lines) {
  while (auto line = splitter.next()) lines.push_back(std::move(*line));
}

std::vector<ListLine> split(const std::vector<std::string>& pieces) {
  LineSplitter splitter("the list test");
  std::vector<ListLine> lines;
  for (const auto& piece : pieces) {
    splitter.feed(piece);
    drain(splitter, lines);
  }
  splitter.finish();
  drain(splitter, lines);
  return lines;
}

std::vector<ListLine> plain(const std::vector<std::string>& texts) {
  std::vector<ListLine> lines;
  for (const auto& text : texts) lines.push_back({text, false});
  return lines;
}

struct Row {
  const char* name;
  std::string list;
  std::vector<std::string> lines;
};

const Row kRows[] = {
    {"empty", "", {}},
    {"only blank lines and comments", "\n  \n# c\n\t\r\n#\n   # d\n", {}},
    {"no newline at the end", "a\nb", {"a", "b"}},
    {"CRLF", "a\r\nb\r\n", {"a", "b"}},
    {"a lone CR at the end", "a\r", {"a"}},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "a\nb\n",
     {"a", "b"}},
    {"byte order mark before a comment", "\xEF\xBB\xBF# c\nb\n", {"b"}},
    {"byte order mark alone", "\xEF\xBB\xBF", {}},
    {"byte order mark later is part of a line",
     "a\n\xEF\xBB\xBF"
     "b\n",
     {"a",
      "\xEF\xBB\xBF"
      "b"}},
    {"blanks around and within", " \t a b \t\n", {"a b"}},
    {"fragment", "http://h/#x\n", {"http://h/#x"}},
    {"NUL within a line", "a\0b\nc\n"s, {"a\0b"s, "c"}},
    {"bytes that are not UTF-8", "a\xff\xfe\n", {"a\xff\xfe"}},
    {"escape sequence", "\x1b]0;pwn\x07\n", {"\x1b]0;pwn\x07"}},
    {"duplicates", "a\na\na\n", {"a", "a", "a"}},
    {"commas and quotes", "a,\"b\",'c'\n", {"a,\"b\",'c'"}},
};

}  // namespace

TEST_CASE("a list gives the lines that stand for URLs, wherever it is cut", "[line_splitter]") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    CHECK(split({row.list}) == plain(row.lines));
    for (std::size_t cut = 0; cut <= row.list.size(); ++cut) {
      CAPTURE(cut);
      CHECK(split({row.list.substr(0, cut), row.list.substr(cut)}) == plain(row.lines));
    }
  }
}

TEST_CASE("a list that comes byte by byte gives the same lines", "[line_splitter]") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    std::vector<std::string> bytes;
    for (char byte : row.list) bytes.emplace_back(1, byte);
    CHECK(split(bytes) == plain(row.lines));
  }
}

TEST_CASE("a line of 64 KiB is whole, a longer one is cut and flagged", "[line_splitter]") {
  const std::string longest(LineSplitter::kMaxBytes, 'a');
  for (const std::string start : {"", "\xEF\xBB\xBF"})
    for (const std::string end : {"\n", "\r\n", ""}) {
      CHECK(split({start + longest + end}) == plain({longest}));
      CHECK(split({start + longest + "b" + end}) == std::vector<ListLine>{{longest, true}});
    }
  CHECK(split({longest + longest + "\nnext\n"}) ==
        std::vector<ListLine>{{longest, true}, {"next", false}});
}

TEST_CASE("a line without an end needs no more memory than the limit", "[line_splitter]") {
  LineSplitter splitter("the list test");
  const std::string piece(std::size_t{1} << 20, 'a');
  for (int i = 0; i < 64; ++i) {
    splitter.feed(piece);
    REQUIRE_FALSE(splitter.next());
  }
  splitter.finish();
  auto line = splitter.next();
  REQUIRE(line);
  CHECK(line->too_long);
  CHECK(line->text.size() == LineSplitter::kMaxBytes);
}

TEST_CASE("an endless comment is no URL", "[line_splitter]") {
  CHECK(split({"#" + std::string(LineSplitter::kMaxBytes * 2, 'a') + "\nb\n"}) == plain({"b"}));
}

TEST_CASE("a list in UTF-16 is refused with what to do", "[line_splitter]") {
  for (const std::string mark : {"\xFF\xFE", "\xFE\xFF"})
    CHECK_THROWS_WITH(split({mark + "h\0t\0\n\0"s}),
                      ContainsSubstring("the list test is UTF-16") && ContainsSubstring("iconv"));
}
