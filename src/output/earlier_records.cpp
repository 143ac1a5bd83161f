#include "output/earlier_records.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "output/record_reader.h"

namespace fetchpool::output {

EarlierRecords::EarlierRecords(std::string path, std::uint64_t records) : path_(std::move(path)) {
  LineFile lines = open();
  std::string_view line;
  for (std::uint64_t number = 0; number < records && lines.next(line); ++number) {
    RecordReader record(line);
    is_ok_.push_back(lines.ended() && record.number("seq") == number && record.is_true("ok"));
  }
  is_ok_.resize(records);
  // Now, as the file may get another name.
  lines_.emplace(open());
}

LineFile EarlierRecords::open() const {
  return {posix::open_file(path_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), path_};
}

bool EarlierRecords::has_failures() const {
  return std::find(is_ok_.begin(), is_ok_.end(), false) != is_ok_.end();
}

std::string_view EarlierRecords::line(std::uint64_t number) {
  std::string_view line;
  for (; next_ <= number; ++next_)
    if (!lines_->next(line)) throw SystemError("cannot read " + path_, EIO);
  return line;
}

}  // namespace fetchpool::output
