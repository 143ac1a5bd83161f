// Memory that the bodies of one process share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/byte_buffer.h"
#include "ipc/frame.h"
#include "ipc/shared_arena.h"

namespace fetchpool::body {

// Blocks of one size, of which only so many are taken at once: for what will be sent as it is, runs
// of the arena, where there is one and room in it, else memory of the process's own, of which what
// is given back is kept for the next one. Beside them, room for bodies in one piece: as many as are
// needed, of which some are kept.
class BlockPool {
 private:
  static constexpr std::size_t kHeadRoom = ipc::FrameWriter::kHeaderRoom;
  // Whole granules, and bodies of the sizes that files like to have should not need one more.
  static constexpr std::size_t kRunSize = 5 * ipc::SharedArena::kGranule;

 public:
  static constexpr std::size_t kBlockSize = kRunSize - kHeadRoom;
  static constexpr std::size_t kDefaultMost = 32;  // 10 MiB

  // The memory of one block; to be given back or handed over.
  struct Block {
    std::unique_ptr<char[]> own;
    std::span<char> run;  // of the arena

    explicit operator bool() const { return own || !run.empty(); }
    // Room for kBlockSize bytes. In a run there is room for a frame's header before it.
    char* data() const { return own ? own.get() : run.data() + kHeadRoom; }
  };

  // What becomes of the bytes in a block.
  enum class Use {
    kept,  // and sent in another form, if at all
    sent,  // as they are
  };

  explicit BlockPool(std::size_t most = kDefaultMost,
                     std::shared_ptr<ipc::SharedArena> arena = nullptr)
      : arena_(std::move(arena)), most_(most), left_(most) {}

  // A block with any contents; none where all are taken.
  Block take(Use use) {
    if (left_ == 0) {
      ++refused_;
      return {};
    }
    --left_;
    if (arena_ && use == Use::sent)
      if (std::span<char> run = arena_->reserve(kRunSize); !run.empty()) return {nullptr, run};
    if (kept_.empty()) return {std::make_unique_for_overwrite<char[]>(kBlockSize), {}};
    Block block{std::move(kept_.back()), {}};
    kept_.pop_back();
    return block;
  }
  // Whether what is to be sent saves a copy by beginning in a block, and a quarter of all is left
  // beside the `blocks` that it needs.
  bool suits_beginnings(std::size_t blocks = 1) const {
    return arena_ && left_ >= blocks + most_ / 4;
  }

  // Requires that the block came from take().
  void give_back(Block block) {
    ++left_;
    if (block.own)
      kept_.push_back(std::move(block.own));
    else
      arena_->release(block.run);
  }
  // The same for a run of the arena, which now is the caller's.
  std::span<char> hand_over(Block block) {
    ++left_;
    return block.run;
  }

  // How often there was none.
  std::uint64_t refused() const { return refused_; }

  // Bodies that are more than one piece, or will be, wherever they lie.
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

  std::shared_ptr<ipc::SharedArena> arena_;
  std::size_t most_;
  std::size_t left_;
  std::uint64_t refused_ = 0;
  int large_bodies_ = 0;
  std::vector<std::unique_ptr<char[]>> kept_;
  std::vector<ByteBuffer> pieces_;
};

}  // namespace fetchpool::body
