// A body kept until it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/unique_fd.h"
#include "fetch/block_buffer.h"
#include "fetch/block_pool.h"
#include "fetch/body_output.h"

namespace fetchpool::body {

// A body of up to `small` bytes is in one piece. A larger one goes on in blocks of `pool`, and once
// there are no more of those, to a temporary file in `directory` that has no name and goes with the
// spool or the process, however that ends.
//
// What fails on the file (no space left, no such directory) is a SystemError with the directory in
// it. The spool then has what it had, and perhaps the beginning of what was added; it must be
// cleared before it is appended to again.
class BodySpool : public Output {
 public:
  static constexpr std::size_t kDefaultSmall = std::size_t{256} << 10;

  // `directory` should not be a tmpfs, or the file is memory too. The pool must outlive this.
  explicit BodySpool(BlockPool& pool, std::string directory = "/var/tmp",
                     std::size_t small = kDefaultSmall, BlockPool::Use use = BlockPool::Use::sent);
  BodySpool(const BodySpool&) = delete;
  BodySpool& operator=(const BodySpool&) = delete;
  ~BodySpool() override;

  // How long the body will be, as far as that is known before its first byte. One that will be
  // large, and sent, then begins in blocks, where they can be handed over and are not scarce.
  void expect(std::uint64_t size) { expected_ = size; }
  void append(std::string_view bytes);
  void write(std::string_view block) override { append(block); }

  std::uint64_t size() const { return written_ + piece_.size() + blocks_.size(); }
  bool is_in_one_piece() const { return blocks_.empty() && !file_.is_open(); }
  bool is_in_memory() const { return !file_.is_open(); }
  // The whole body; valid until the next append() or clear(). Requires is_in_one_piece().
  std::string_view whole() const;
  // What stands at `offset`: at least one byte and at most as many as there is room for, none only
  // at the end. They are in the spool's memory, valid until the next append() or clear(), or were
  // read into `room`. Requires offset <= size().
  std::string_view look(std::uint64_t offset, std::span<char> room) const;
  // Copies what stands from `offset` on into `room` and returns how many bytes there were: fewer
  // than there is room for only at the end. Requires offset <= size().
  std::size_t read(std::uint64_t offset, std::span<char> room) const;

  // As BlockBuffer::take_run.
  std::optional<BlockBuffer::Run> take_run(std::uint64_t offset);

  // Forgets the body, for the next one: file, blocks and a large piece go.
  void clear();

 private:
  bool begins_in_blocks() const;
  void make_room(std::size_t count);
  void move_to_file();
  void write_out(std::string_view bytes);
  void write_to(const UniqueFd& file, std::string_view bytes) const;
  std::size_t read_file(std::uint64_t offset, std::span<char> room) const;

  BlockPool& pool_;
  std::string directory_;
  std::size_t small_;
  BlockPool::Use use_;
  // The beginning of the body, and what follows it; once there is a file, the piece is what comes
  // after the end of that, and there are no blocks.
  ByteBuffer piece_;
  BlockBuffer blocks_;
  UniqueFd file_;
  bool is_large_ = false;  // as the pool was told
  std::uint64_t expected_ = 0;
  std::uint64_t written_ = 0;  // to the file
};

}  // namespace fetchpool::body
