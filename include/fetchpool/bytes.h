// Runs of bytes that are handed on instead of copied.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fetchpool {

// A read-only run of bytes that keeps the storage it points into alive. Copying one is cheap and
// copies no bytes; the bytes never move or change while any copy exists. Copies may be used and
// destroyed on different threads; one object must not be changed by two threads at once.
//
// A small run can keep a larger block alive (up to 1 MiB where bytes came from a worker): whoever
// keeps many small runs for long should copy them out with `str()`. What came from a worker may lie
// in memory that this worker, and it alone, can write: one that writes where it should not can
// change what it brought before.
class Bytes {
 public:
  Bytes() = default;
  // Owns `text`.
  explicit Bytes(std::string text);
  // Shares `owner`, which must keep `view` valid.
  Bytes(std::shared_ptr<const void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}

  const char* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  std::string_view view() const { return view_; }
  std::string str() const { return std::string(view_); }

  // The `count` bytes from `offset` on, fewer where the run ends before. Requires offset <= size().
  Bytes slice(std::size_t offset, std::size_t count = std::string_view::npos) const {
    return {owner_, view_.substr(offset, count)};
  }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace fetchpool
