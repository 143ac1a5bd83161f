// Bytes in blocks of a pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fetch/block_pool.h"

namespace fetchpool::body {

// Grows block by block, as long as the pool has some. What is in it needs no copy to be sent, where
// its blocks are runs of the pool's arena.
class BlockBuffer {
 public:
  // The pool must outlive this.
  BlockBuffer(BlockPool& pool, BlockPool::Use use) : pool_(pool), use_(use) {}
  BlockBuffer(const BlockBuffer&) = delete;
  BlockBuffer& operator=(const BlockBuffer&) = delete;
  ~BlockBuffer() { clear(); }

  // Takes as many blocks now, if the pool has them, and not when they are filled.
  void reserve(std::size_t blocks);
  // Gives back what was reserved in vain.
  void trim();
  // Where bytes may be written that filled() then adds: what is left of a block, nothing only where
  // the pool has no more.
  std::span<char> room();
  // Requires that room() had so many.
  void filled(std::size_t count) { size_ += count; }
  // Takes from the front of `bytes` what there is room for.
  void append(std::string_view& bytes);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // What stands at `offset`: at least one byte and at most `most`, none only at the end. Requires
  // offset <= size(), and most > 0 where that is less.
  std::string_view look(std::size_t offset, std::size_t most) const;

  // Bytes in a run of the pool's arena, behind room for the header of a frame.
  struct Run {
    std::span<char> memory;
    std::size_t size;
  };
  // The run that begins at `offset`, where one does: it is the caller's from now on, and nothing up
  // to its end may be looked at any more, nor anything be added.
  std::optional<Run> take_run(std::size_t offset);

  // Gives all blocks back that were not taken.
  void clear();

 private:
  bool take_block();

  BlockPool& pool_;
  BlockPool::Use use_;
  std::vector<BlockPool::Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace fetchpool::body
