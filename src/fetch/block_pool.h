// Memory that the bodies of one process share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/byte_buffer.h"

namespace fetchpool::body {

// Blocks of one size, of which only so many are taken at once. What is given back is kept for the
// next one. Beside them, room for bodies in one piece: as many as are needed, of which some are
// kept.
class BlockPool {
 public:
  using Block = std::unique_ptr<char[]>;
  static constexpr std::size_t kBlockSize = std::size_t{256} << 10;
  static constexpr std::size_t kDefaultMost = 32;  // 8 MiB

  explicit BlockPool(std::size_t most = kDefaultMost) : left_(most) {}

  // A block with any contents; null where all are taken.
  Block take() {
    if (left_ == 0) {
      ++refused_;
      return nullptr;
    }
    --left_;
    if (kept_.empty()) return std::make_unique_for_overwrite<char[]>(kBlockSize);
    Block block = std::move(kept_.back());
    kept_.pop_back();
    return block;
  }

  // Requires that the block came from take().
  void give_back(Block block) {
    kept_.push_back(std::move(block));
    ++left_;
  }

  // How often there was none.
  std::uint64_t refused() const { return refused_; }

  // Bodies that are more than one piece, wherever they lie.
  void large_body_begins() { ++large_bodies_; }
  void large_body_ends() { --large_bodies_; }
  int large_bodies() const { return large_bodies_; }

  // An empty buffer with room for `size` bytes at least.
  ByteBuffer take_piece(std::size_t size) {
    ByteBuffer piece;
    if (!pieces_.empty()) {
      piece = std::move(pieces_.back());
      pieces_.pop_back();
    }
    piece.room(size);
    return piece;
  }

  void give_back(ByteBuffer piece) {
    if (pieces_.size() == kMostPieces) return;
    piece.clear();
    pieces_.push_back(std::move(piece));
  }

 private:
  static constexpr std::size_t kMostPieces = 16;

  std::size_t left_;
  std::uint64_t refused_ = 0;
  int large_bodies_ = 0;
  std::vector<Block> kept_;
  std::vector<ByteBuffer> pieces_;
};

}  // namespace fetchpool::body
