// The records of an earlier run, of which those that failed are to be fetched again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output/line_file.h"

namespace fetchpool::output {

// Reads a list of records in the order of the list, which is read twice: once to know what failed,
// and then line by line. Takes a bit for each record.
class EarlierRecords {
 public:
  // The first `records` lines of `path`. Throws SystemError where it cannot be read.
  EarlierRecords(std::string path, std::uint64_t records);

  std::uint64_t size() const { return is_ok_.size(); }
  // Whether the record of this number is to stay as it is. A line that is not the record of its
  // place does not count.
  bool is_ok(std::uint64_t number) const { return is_ok_[number]; }
  bool has_failures() const;

  // That line, without its end; valid until the next call. Numbers must rise.
  std::string_view line(std::uint64_t number);

 private:
  LineFile open() const;

  std::string path_;
  std::vector<bool> is_ok_;
  std::optional<LineFile> lines_;
  std::uint64_t next_ = 0;
};

}  // namespace fetchpool::output
