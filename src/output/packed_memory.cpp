#include "output/packed_memory.h"

#include <cassert>
#include <cstring>
#include <optional>
#include <string_view>

namespace fetchpool::output {

std::uint64_t PackedMemory::append(const std::vector<Bytes>& pieces) {
  std::optional<std::uint64_t> begin;
  for (const Bytes& piece : pieces) {
    for (std::string_view rest = piece.view(); !rest.empty();) {
      SegmentTable::Run run = table_.extend(rest.size());
      if (run.segment >= blocks_.size()) blocks_.resize(run.segment + std::size_t{1});
      if (run.offset == 0)
        blocks_[run.segment] = std::make_shared_for_overwrite<char[]>(kBlockBytes);
      std::memcpy(blocks_[run.segment].get() + run.offset, rest.data(), run.size);
      if (!begin) begin = table_.position(run);
      rest.remove_prefix(run.size);
    }
  }
  assert(begin);
  return *begin;
}

Bytes PackedMemory::take(std::uint64_t& position, std::uint64_t left) {
  SegmentTable::Run run = table_.run_at(position, left);
  Bytes bytes(blocks_[run.segment], {blocks_[run.segment].get() + run.offset, run.size});
  SegmentTable::Released released = table_.release(run);
  if (table_.live_bytes() == 0)
    blocks_.clear();
  else if (released.segment_is_free)
    blocks_[run.segment].reset();
  position = released.following;
  return bytes;
}

}  // namespace fetchpool::output
