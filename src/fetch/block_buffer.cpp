#include "fetch/block_buffer.h"

#include <algorithm>
#include <utility>

namespace fetchpool::body {
namespace {

std::size_t blocks_for(std::size_t bytes) {
  return (bytes + BlockPool::kBlockSize - 1) / BlockPool::kBlockSize;
}

}  // namespace

void BlockBuffer::reserve(std::size_t blocks) {
  while (blocks_.size() < blocks && take_block()) continue;
}

bool BlockBuffer::take_block() {
  BlockPool::Block block = pool_.take(use_);
  if (!block) return false;
  blocks_.push_back(std::move(block));
  return true;
}

void BlockBuffer::trim() {
  for (; blocks_.size() > blocks_for(size_); blocks_.pop_back())
    pool_.give_back(std::move(blocks_.back()));
}

std::span<char> BlockBuffer::room() {
  std::size_t used = size_ % BlockPool::kBlockSize;
  std::size_t block = size_ / BlockPool::kBlockSize;
  if (block == blocks_.size() && !take_block()) return {};
  return {blocks_[block].data() + used, BlockPool::kBlockSize - used};
}

void BlockBuffer::append(std::string_view& bytes) {
  while (!bytes.empty()) {
    std::span<char> free = room();
    if (free.empty()) return;
    std::size_t count = bytes.copy(free.data(), free.size());
    filled(count);
    bytes.remove_prefix(count);
  }
}

std::string_view BlockBuffer::look(std::size_t offset, std::size_t most) const {
  if (offset == size_) return {};
  std::size_t begin = offset % BlockPool::kBlockSize;
  std::size_t count = std::min({most, size_ - offset, BlockPool::kBlockSize - begin});
  return {blocks_[offset / BlockPool::kBlockSize].data() + begin, count};
}

std::optional<BlockBuffer::Run> BlockBuffer::take_run(std::size_t offset) {
  if (offset == size_ || offset % BlockPool::kBlockSize != 0) return std::nullopt;
  BlockPool::Block& block = blocks_[offset / BlockPool::kBlockSize];
  if (block.run.empty()) return std::nullopt;
  std::size_t size = std::min(size_ - offset, BlockPool::kBlockSize);
  return Run{pool_.hand_over(std::exchange(block, {})), size};
}

void BlockBuffer::clear() {
  for (BlockPool::Block& block : blocks_)
    if (block) pool_.give_back(std::move(block));
  blocks_.clear();
  size_ = 0;
}

}  // namespace fetchpool::body
