#include "cli/line_splitter.h"

#include <utility>

#include "base/ascii.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\v\f";

}  // namespace

void LineSplitter::feed(std::string piece) {
  piece_ = std::move(piece);
  position_ = 0;
}

std::optional<ListLine> LineSplitter::next() {
  while (take_line()) {
    tidy_line();
    std::string_view text = trimmed(line_, kBlanks);
    ListLine line{std::string(text), too_long_};
    line_.clear();
    too_long_ = false;
    bool skipped = !line.too_long && line.text.empty();
    if (!skipped && !line.text.starts_with('#')) return line;
  }
  return std::nullopt;
}

// Moves the rest of the current line into line_; says whether that completed the line.
bool LineSplitter::take_line() {
  std::string_view rest = std::string_view(piece_).substr(position_);
  std::size_t end = rest.find('\n');
  keep(rest.substr(0, end));
  if (end != std::string_view::npos) {
    position_ += end + 1;
    return true;
  }
  position_ = piece_.size();
  return finished_ && !line_.empty();
}

void LineSplitter::keep(std::string_view part) {
  // Room for the mark and the line end, which do not count.
  std::size_t room = kMaxBytes + kByteOrderMark.size() + 1 - line_.size();
  line_ += part.substr(0, room);
  too_long_ = too_long_ || part.size() > room;
}

void LineSplitter::tidy_line() {
  if (std::exchange(first_line_, false)) {
    if (line_.starts_with("\xFF\xFE") || line_.starts_with("\xFE\xFF"))
      throw UsageError(safe_text(name_) +
                       " is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 LIST");
    if (line_.starts_with(kByteOrderMark)) line_.erase(0, kByteOrderMark.size());
  }
  if (line_.ends_with('\r')) line_.pop_back();
  if (line_.size() > kMaxBytes) {
    line_.resize(kMaxBytes);
    too_long_ = true;
  }
}

}  // namespace fetchpool::cli
