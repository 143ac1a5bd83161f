// Records kept in memory, packed without gaps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fetchpool/bytes.h"
#include "output/segment_table.h"

namespace fetchpool::output {

// Copies records together into blocks of 256 KiB and hands them out again, in any order, without
// another copy. A block is given back as soon as all that lies in it was taken.
class PackedMemory {
 public:
  // Copies the pieces and returns where the record begins. Requires at least one byte in them.
  std::uint64_t append(const std::vector<Bytes>& pieces);
  // Takes the at most `left` bytes from `position` on, fewer where a block ends, and moves
  // `position` to the byte that follows in the record. Each byte can be taken once.
  Bytes take(std::uint64_t& position, std::uint64_t left);

  // Bytes of the blocks in use, without those of pieces that were taken.
  std::uint64_t allocated_bytes() const { return table_.allocated_bytes(); }
  // What allocated_bytes() would grow by with a record of `size` bytes.
  std::uint64_t growth_for(std::uint64_t size) const { return table_.growth_for(size); }

 private:
  static constexpr std::uint32_t kBlockBytes = 256 << 10;

  SegmentTable table_{kBlockBytes};
  std::vector<std::shared_ptr<char[]>> blocks_;
};

}  // namespace fetchpool::output
