// A buffer to append to without touching bytes before they are written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace fetchpool {

// As std::string for appending, except that room for more is not filled with zeros first, and that
// clear() keeps the memory.
class ByteBuffer {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  char* data() { return data_.get(); }
  std::string_view view() const { return {data_.get(), size_}; }

  // Room for `count` more bytes; valid until the next call. commit() says how many were used.
  char* reserve(std::size_t count) {
    if (size_ + count > capacity_) grow(size_ + count);
    return data_.get() + size_;
  }
  void commit(std::size_t count) { size_ += count; }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(const void* bytes, std::size_t count) {
    append({static_cast<const char*>(bytes), count});
  }
  void clear() { size_ = 0; }
  // Gives memory beyond `keep` bytes back.
  void shrink(std::size_t keep) {
    if (capacity_ <= keep) return;
    data_.reset();
    size_ = capacity_ = 0;
  }

 private:
  void grow(std::size_t needed) {
    std::size_t capacity = std::max(needed, capacity_ * 2);
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fetchpool
