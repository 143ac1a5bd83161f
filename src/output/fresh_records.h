// Records that came a moment ago, kept as they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "fetchpool/bytes.h"

namespace fetchpool::output {

// Keeps records without a copy, and says when the oldest one must be settled elsewhere: it may keep
// memory alive that is much larger than itself.
class FreshRecords {
 public:
  struct Limits {
    std::uint64_t bytes;
    std::size_t records;
    // All records lie in what came, here or elsewhere, within so many bytes.
    std::uint64_t flow;
  };

  explicit FreshRecords(const Limits& limits) : limits_(limits) {}

  // Returns the position for take().
  std::uint64_t put(std::uint64_t seq, std::uint64_t size, std::vector<Bytes> pieces);
  std::vector<Bytes> take(std::uint64_t position);
  // So many bytes came: with a record that was put, before that, or elsewhere.
  void flow(std::uint64_t bytes) { flow_ += bytes; }

  bool must_settle() const;
  // The number of the oldest record. Requires that there is one.
  std::uint64_t oldest() const { return records_.front().seq; }
  std::uint64_t bytes() const { return bytes_; }
  const Limits& limits() const { return limits_; }

 private:
  // As it came, or an empty place once it is gone.
  struct Record {
    std::uint64_t seq;
    std::uint64_t size;
    std::uint64_t arrived_at;  // flow_ then
    std::vector<Bytes> pieces;
    bool is_here;
  };

  Limits limits_;
  std::deque<Record> records_;  // in the order they came; the first one is here
  std::uint64_t first_ = 0;     // its position
  std::size_t here_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t flow_ = 0;
};

}  // namespace fetchpool::output
