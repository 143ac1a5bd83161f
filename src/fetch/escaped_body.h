// A large body that is sent as JSON text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/block_buffer.h"
#include "fetch/block_pool.h"

namespace fetchpool::body {

// Keeps text as the inside of a JSON string, escaped as it comes: so it is written once, where it
// is sent from, and not read again after the processor has forgotten it.
class EscapedBody {
 public:
  // Whether a text of `length` bytes will find memory enough, if escapes make it an eighth longer
  // at most: they hardly ever make more of a page.
  static bool suits(const BlockPool& pool, std::uint64_t length) {
    return pool.suits_beginnings(blocks_for(length));
  }
  // For a text of as many bytes, most likely. The pool must outlive this.
  EscapedBody(BlockPool& pool, std::uint64_t length)
      : pool_(pool), blocks_(pool, BlockPool::Use::sent) {
    pool.large_body_begins();
    blocks_.reserve(blocks_for(length));
  }
  EscapedBody(const EscapedBody&) = delete;
  EscapedBody& operator=(const EscapedBody&) = delete;
  ~EscapedBody() { pool_.large_body_ends(); }

  // False: the pool has no more blocks. Nothing of `text` is kept then, nor can anything be added.
  bool append(std::string_view text);

  // No more comes.
  void finish() { blocks_.trim(); }

  // As BlockBuffer::look and BlockBuffer::take_run, of the escaped text once all is there.
  std::string_view look(std::size_t offset, std::size_t most) const {
    return blocks_.look(offset, most);
  }
  std::optional<BlockBuffer::Run> take_run(std::size_t offset) { return blocks_.take_run(offset); }

  // The text as it came. The blocks are given back, and nothing is kept.
  std::string release();

 private:
  static std::size_t blocks_for(std::uint64_t length) {
    return static_cast<std::size_t>(length / (BlockPool::kBlockSize / 9 * 8)) + 1;
  }

  BlockPool& pool_;
  BlockBuffer blocks_;
  std::size_t size_ = 0;  // up to the end of the last text that went in whole
};

}  // namespace fetchpool::body
