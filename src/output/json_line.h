// Writing one line of JSON, member by member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fetchpool::output {

// Builds text in storage that is used again and again. Nothing here checks that the whole becomes
// JSON; what is promised is that a string is one whatever bytes it is made of.
//
// Literals and numbers are written without looking at the room: at most kUnchecked bytes of them
// may follow the beginning, or one string.
class JsonLine {
 public:
  JsonLine() { clear(); }

  void clear() {
    size_ = 0;
    make_room(0);
  }
  // Holds until the next change.
  std::string_view view() const { return {data_.get(), size_}; }

  // A name with its punctuation, as it stands in the source.
  template <std::size_t n>
  void literal(const char (&text)[n]) {
    std::memcpy(data_.get() + size_, text, n - 1);
    size_ += n - 1;
  }
  // At most some tens of bytes.
  void short_text(std::string_view text) {
    std::memcpy(data_.get() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void null() { literal("null"); }
  void boolean(bool value) { value ? literal("true") : literal("false"); }
  void number(std::uint64_t value);
  void number(std::int64_t value);
  // With six decimals; what is no duration (negative, not a number) is 0.
  void seconds(double value);
  // Quoted and escaped; bytes that are not UTF-8 become U+FFFD.
  void string(std::string_view text);
  // The same, or null where it is empty.
  void string_or_null(std::string_view text) { text.empty() ? null() : string(text); }

  static constexpr std::size_t kUnchecked = 2048;

 private:
  // Makes room for `count` bytes and kUnchecked more.
  void make_room(std::size_t count) {
    if (capacity_ - size_ < count + kUnchecked) grow(count + kUnchecked);
  }
  void grow(std::size_t count);

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::string escaped_;
};

}  // namespace fetchpool::output
