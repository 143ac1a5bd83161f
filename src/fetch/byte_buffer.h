// Bytes that grow at their end.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "fetchpool/bytes.h"

namespace fetchpool::body {

// A growing run of bytes whose room is not cleared before it is written, and whose storage is kept
// by clear(), so that one buffer serves body after body.
//
//   char* end = buffer.room(n);   where at least n bytes may be written
//   buffer.filled(m);             m of them were
class ByteBuffer {
 public:
  // What room() gave holds until the next call of anything but filled().
  char* room(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return data_.get() + size_;
  }
  // Requires that room() was asked for at least `count`.
  void filled(std::size_t count) {
    assert(count <= capacity_ - size_);
    size_ += count;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(char byte) {
    *room(1) = byte;
    ++size_;
  }

  const char* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }
  void clear() { size_ = 0; }

  // The bytes, without a copy; the buffer is empty and without storage afterwards.
  Bytes release() {
    std::shared_ptr<char[]> owner(std::move(data_));
    std::string_view view(owner.get(), std::exchange(size_, 0));
    capacity_ = 0;
    return {std::move(owner), view};
  }

 private:
  void grow(std::size_t count) {
    std::size_t capacity = std::max(size_ + count, capacity_ + capacity_ / 2);
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fetchpool::body
