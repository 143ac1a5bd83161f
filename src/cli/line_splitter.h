// The lines of a list, out of the pieces in which it arrives.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fetchpool::cli {

// One line of a list that stands for a URL: without its line end and without blanks around it.
struct ListLine {
  std::string text;
  // The line was longer than LineSplitter::kMaxBytes; `text` is its beginning.
  bool too_long = false;
  bool is_argument = false;  // of the command line: a URL and nothing besides

  friend bool operator==(const ListLine&, const ListLine&) = default;
};

// Skips blank lines, comments (lines that begin with #) and a UTF-8 byte order mark. Line ends are
// LF and CRLF, and the last line needs none. NUL and other odd bytes stay in the line. Needs no
// more memory than one piece and one line of kMaxBytes, however long a line is.
class LineSplitter {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

  // `name` is the list's, for messages.
  explicit LineSplitter(std::string name) : name_(std::move(name)) {}

  // The next piece of the list. Requires that next() returned nothing since the last piece.
  void feed(std::string piece);
  // The list ends here: its last line is complete.
  void finish() { finished_ = true; }
  // The next line, or nothing until there is another piece or for good after finish(). Throws
  // UsageError where the list is UTF-16.
  std::optional<ListLine> next();

 private:
  bool take_line();
  void keep(std::string_view part);
  void tidy_line();

  std::string name_;
  std::string piece_;
  std::size_t position_ = 0;  // in piece_
  std::string line_;
  bool too_long_ = false;
  bool first_line_ = true;
  bool finished_ = false;
};

}  // namespace fetchpool::cli
