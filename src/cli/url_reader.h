// The URLs to fetch, one after the other, from the command line and from lists.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "cli/arguments.h"
#include "cli/line_splitter.h"

namespace fetchpool::cli {

// First the URLs of the command line, then the lists in their order. Reads on only when it is
// asked for more than it has, one piece at a time, and never waits: results of a slow pipe can
// flow before its end.
class UrlReader {
 public:
  // A list named "-" is standard input. Opens all lists, so that a wrong name shows at once: throws
  // UsageError where one is missing, unreadable, a directory, or a file in UTF-16.
  UrlReader(const std::vector<std::string>& urls, const std::vector<std::string>& lists);

  // The next line that stands for a URL, or nothing: either at_end(), or poll_fd() has to become
  // readable first. Throws SystemError where reading fails, UsageError where a list turns out to
  // be UTF-16; the reader is then at its end.
  std::optional<ListLine> next();
  bool at_end() const { return urls_.empty() && lists_.empty(); }
  // What to wait for after next() returned nothing; -1 at the end.
  int poll_fd() const;

 private:
  struct List {
    UniqueFd fd;
    std::string name;
    LineSplitter splitter;
    bool ended = false;
  };

  static List open_list(const std::string& name);
  bool read_piece();
  std::optional<ListLine> next_of_list();

  std::deque<std::string> urls_;
  std::deque<List> lists_;
};

// The lists to read: those that were named, or standard input where no URL was either.
std::vector<std::string> lists_to_read(const Arguments& arguments);

}  // namespace fetchpool::cli
