// The lines of a file that may be large.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"

namespace fetchpool::output {

// Reads line by line and holds one line in memory. Throws SystemError where reading fails.
class LineFile {
 public:
  // `name` is for messages.
  LineFile(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  // The next line without its end, valid until the next call; false at the end. A last line without
  // its end is a line, too: ended() says so then.
  bool next(std::string_view& line);
  bool ended() const { return has_end_; }
  // Where the line that was read last begins in the file.
  std::uint64_t offset() const { return offset_; }

 private:
  UniqueFd fd_;
  std::string name_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not given back yet
  std::uint64_t consumed_ = 0;
  std::uint64_t offset_ = 0;
  bool at_end_ = false;
  bool has_end_ = true;
};

}  // namespace fetchpool::output
