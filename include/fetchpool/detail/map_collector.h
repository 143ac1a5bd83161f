// The values of a map as they are decoded, in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fetchpool/detail/call.h"

namespace fetchpool::detail {

// Of a map of `count` elements. take() decodes the next value; finish() is called last.
template <class R>
class MapCollector {
 public:
  explicit MapCollector(std::size_t count) { values_.reserve(count); }
  void take(Decoder& in) { values_.push_back(decode_result<R>(in)); }
  std::vector<R> finish() { return std::move(values_); }

 private:
  std::vector<R> values_;
};

template <>
class MapCollector<void> {
 public:
  explicit MapCollector(std::size_t) {}
  void take(Decoder&) {}
  void finish() {}
};

// Memory for large values is got for several of them at once, beside each other: the system gives
// it in huge pages, at a quarter of what it costs piece by piece.
template <class R>
requires(is_run_of_bytes<R>&&
             std::is_default_constructible_v<typename R::value_type>) class MapCollector<R> {
 public:
  explicit MapCollector(std::size_t count) : count_(count) { values_.reserve(count); }

  void take(Decoder& in) {
    std::size_t size = Decoder(in).length(sizeof(Element)) * sizeof(Element);
    if (taken_ == values_.size()) add_values(size);
    bool has_room = taken_ < resident_;
    R& value = values_[taken_++];
    std::size_t room = value.capacity() * sizeof(Element);
    if (has_room && size <= room && room <= 2 * size) return decode_into_room(value, in);
    if (room > 2 * size) R().swap(value);
    decode_run(value, in);
  }
  std::vector<R> finish() {
    values_.resize(taken_);
    return std::move(values_);
  }

 private:
  using Element = typename R::value_type;

  // One empty value, or several with room for `size` bytes each.
  void add_values(std::size_t size) {
    constexpr std::size_t kBytesAhead = std::size_t{32} << 20;
    std::size_t most = size < large_result ? 1 : kBytesAhead / size;
    std::size_t left = taken_ < count_ ? count_ - taken_ : 1;
    std::size_t count = std::clamp<std::size_t>(most, 1, left);
    if (count == 1) return void(values_.emplace_back());
    std::uintptr_t begin = UINTPTR_MAX;
    std::uintptr_t end = 0;
    for (std::size_t i = 0; i < count; ++i) {
      R& value = values_.emplace_back();
      value.reserve(size / sizeof(Element));
      auto address = reinterpret_cast<std::uintptr_t>(value.data());
      begin = std::min(begin, address);
      end = std::max(end, address + size);
    }
    bool beside_each_other = end - begin < 2 * count * size;
    if (!beside_each_other) return;
    make_resident(reinterpret_cast<void*>(begin), end - begin);
    resident_ = values_.size();
  }

  std::size_t count_;
  std::size_t taken_ = 0;
  std::size_t resident_ = 0;  // so many values have room that is resident
  std::vector<R> values_;
};

}  // namespace fetchpool::detail
