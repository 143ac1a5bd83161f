#include "output/json_line.h"

#include <algorithm>
#include <charconv>

#include "fetch/json_text.h"

namespace fetchpool::output {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

std::uint64_t bytes_equal(std::uint64_t word, unsigned char byte) {
  std::uint64_t zero_where_equal = word ^ (kOnes * byte);
  return (zero_where_equal - kOnes) & ~zero_where_equal & kHighBits;
}

// Whether each of the eight bytes is ASCII that stands for itself in a JSON string.
bool is_plain(std::uint64_t word) {
  std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighBits;
  return ((word & kHighBits) | controls | bytes_equal(word, '"') | bytes_equal(word, '\\')) == 0;
}

bool is_plain(std::string_view text) {
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    if (!is_plain(word)) return false;
    text.remove_prefix(8);
  }
  std::uint64_t rest = kOnes * ' ';
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return is_plain(rest);
}

}  // namespace

void JsonLine::grow(std::size_t count) {
  std::size_t capacity = std::max(size_ + count, 2 * capacity_);
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

void JsonLine::number(std::uint64_t value) {
  char* begin = data_.get() + size_;
  size_ += static_cast<std::size_t>(std::to_chars(begin, begin + 20, value).ptr - begin);
}

void JsonLine::number(std::int64_t value) {
  char* begin = data_.get() + size_;
  size_ += static_cast<std::size_t>(std::to_chars(begin, begin + 20, value).ptr - begin);
}

void JsonLine::seconds(double value) {
  constexpr double kMost = 1e12;
  std::uint64_t micros =
      value > 0 ? static_cast<std::uint64_t>(std::min(value, kMost) * 1e6 + 0.5) : 0;
  number(micros / 1000000);
  auto fraction = static_cast<std::uint32_t>(micros % 1000000);
  char* end = data_.get() + size_;
  end[0] = '.';
  for (int i = 6; i > 0; --i, fraction /= 10) end[i] = static_cast<char>('0' + fraction % 10);
  size_ += 7;
}

void JsonLine::string(std::string_view text) {
  if (is_plain(text)) {
    make_room(text.size() + 2);
    char* end = data_.get() + size_;
    *end = '"';
    if (!text.empty()) std::memcpy(end + 1, text.data(), text.size());
    end[text.size() + 1] = '"';
    size_ += text.size() + 2;
    return;
  }
  escaped_.clear();
  body::append_json_string(escaped_, text);
  make_room(escaped_.size());
  std::memcpy(data_.get() + size_, escaped_.data(), escaped_.size());
  size_ += escaped_.size();
}

}  // namespace fetchpool::output
