#include "output/line_file.h"

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::output {
namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;

}  // namespace

bool LineFile::next(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    auto end = buffer_.find('\n', begin_ + searched);
    bool is_last = end == std::string::npos && at_end_;
    if (is_last && begin_ == buffer_.size()) return false;
    if (end != std::string::npos || is_last) {
      has_end_ = !is_last;
      std::size_t size = (is_last ? buffer_.size() : end) - begin_;
      line = std::string_view(buffer_).substr(begin_, size);
      offset_ = consumed_;
      consumed_ += size + 1;
      begin_ += size + (is_last ? 0 : 1);
      return true;
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    searched = buffer_.size();
    buffer_.resize(searched + kBlock);
    std::size_t count = posix::read_some(fd_.get(), buffer_.data() + searched, kBlock).value_or(0);
    buffer_.resize(searched + count);
    at_end_ = count == 0;
  }
}

}  // namespace fetchpool::output
