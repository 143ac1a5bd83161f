// Bytes that grow at their end.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "fetchpool/bytes.h"

namespace fetchpool {

// A growing run of bytes whose room is not cleared before it is written, and whose storage is kept
// by clear(), so that one buffer serves body after body.
//
//   char* end = buffer.room(n);   where at least n bytes may be written
//   buffer.filled(m);             m of them were
class ByteBuffer {
 public:
  ByteBuffer() = default;
  // Writes into `borrowed`, which must outlive that, and moves to storage of its own when more is
  // needed.
  explicit ByteBuffer(std::span<char> borrowed)
      : data_(borrowed.data()), capacity_(borrowed.size()) {}
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    ByteBuffer(std::move(other)).swap(*this);
    return *this;
  }
  ~ByteBuffer() = default;

  // What room() gave holds until the next call of anything but filled().
  char* room(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return data_ + size_;
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

  const char* data() const { return data_; }
  char* data() { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_, size_}; }
  void clear() { size_ = 0; }

  // Gives storage of more than `most` bytes back; the buffer is then empty.
  void shrink(std::size_t most) {
    if (capacity_ > most) *this = {};
  }

  // The bytes, without a copy; the buffer is empty and without storage afterwards. Requires storage
  // of its own.
  Bytes release() {
    assert(data_ == owned_.get());
    ByteBuffer released(std::move(*this));
    std::string_view view = released.view();
    return {std::shared_ptr<char[]>(std::move(released.owned_)), view};
  }

 private:
  void grow(std::size_t count) {
    std::size_t capacity = std::max(size_ + count, capacity_ + capacity_ / 2);
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(data.get(), data_, size_);
    owned_ = std::move(data);
    data_ = owned_.get();
    capacity_ = capacity;
  }

  void swap(ByteBuffer& other) noexcept {
    std::swap(owned_, other.owned_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::unique_ptr<char[]> owned_;  // none where the storage is borrowed
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fetchpool
