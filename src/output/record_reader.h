// Reading lines that a RecordWriter has written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fetchpool::output {

// One line of JSON, looked at member by member; its strings are taken apart only where asked for.
// Whatever the line holds, nothing worse happens than that a member is not found.
class RecordReader {
 public:
  // `line` must outlive the reader.
  explicit RecordReader(std::string_view line) : line_(line) {}

  // The value of a member as it stands there: "12", "null", "\"text\"". Members should be asked for
  // in their order: each search goes on behind the one before, and begins anew where that finds
  // nothing.
  std::optional<std::string_view> raw(std::string_view name);
  // Nothing where there is no such member, or it is no string or no number (null among that).
  std::optional<std::string> text(std::string_view name);
  std::optional<std::uint64_t> number(std::string_view name);
  bool is_true(std::string_view name) { return raw(name) == "true"; }

  // Whether the line is one object from its first byte to its last.
  bool is_whole() const;

 private:
  struct Member {
    std::string_view name;
    std::string_view value;
  };
  std::optional<Member> next(std::size_t& position) const;

  std::string_view line_;
  std::size_t position_ = 0;
};

}  // namespace fetchpool::output
