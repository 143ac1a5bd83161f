// Memory that the bodies of one process share.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace fetchpool::body {

// Blocks of one size, of which only so many are taken at once. What is given back is kept for the
// next one.
class BlockPool {
 public:
  using Block = std::unique_ptr<char[]>;
  static constexpr std::size_t kBlockSize = std::size_t{256} << 10;
  static constexpr std::size_t kDefaultMost = 32;  // 8 MiB

  explicit BlockPool(std::size_t most = kDefaultMost) : left_(most) {}

  // A block with any contents; null where all are taken.
  Block take() {
    if (left_ == 0) return nullptr;
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

 private:
  std::size_t left_;
  std::vector<Block> kept_;
};

}  // namespace fetchpool::body
