#include "ipc/frame.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/posix.h"

namespace fetchpool::ipc {
namespace {

constexpr std::uint32_t kMagic = 0x46504c31;
constexpr std::size_t kBlockSize = std::size_t{1} << 20;
constexpr std::size_t kFirstRead = 4096;
// From this size on a payload is written from where it lies.
constexpr std::size_t kLarge = std::size_t{16} << 10;
constexpr std::size_t kFullPiece = std::size_t{256} << 10;
// A piece that is nearly full takes one more frame, of 256 KiB and what goes with it.
constexpr std::size_t kRoomOfPiece = kFullPiece + (std::size_t{320} << 10);

std::uint32_t check_of(const FrameHeader& header) {
  std::uint64_t mixed =
      (std::uint64_t{header.kind} << 32 | header.length) ^ (header.job * 0x9e3779b97f4a7c15ULL);
  mixed *= 0xff51afd7ed558ccdULL;
  return static_cast<std::uint32_t>(mixed >> 32) ^ header.magic;
}

// Sizes of large blocks are rounded, so that one serves frames of about the same length.
std::size_t round_up(std::size_t size) {
  constexpr std::size_t kStep = kBlockSize / 4;
  return (size + kStep - 1) / kStep * kStep;
}

// Whether nobody else holds the block, so that it can be written again.
template <class T>
bool is_ours_alone(const std::shared_ptr<T>& block) {
  if (!block || block.use_count() != 1) return false;
  // Giving back a copy orders what other threads read from the block before what we write to it;
  // use_count() alone does not.
  std::shared_ptr<T>(block).reset();
  return true;
}

}  // namespace

FrameHeader make_header(FrameKind kind, std::uint64_t job, std::size_t length) {
  if (length > UINT32_MAX) throw Error("a message of more than 4 GiB cannot be sent to a worker");
  FrameHeader header{kMagic, static_cast<std::uint32_t>(kind), job,
                     static_cast<std::uint32_t>(length), 0};
  header.check = check_of(header);
  return header;
}

struct FrameReader::Block {
  explicit Block(std::size_t capacity) : size(capacity), data(new char[capacity]) {}
  std::size_t size;
  std::unique_ptr<char[]> data;
};

FrameReader::FrameReader(std::size_t max_length, std::shared_ptr<SharedArena> arena)
    : max_length_(max_length), arena_(std::move(arena)) {}

std::shared_ptr<FrameReader::Block> FrameReader::take_block(std::size_t size) {
  // The last one kept is the most likely to be in the processor's cache.
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
    bool fits = size > kBlockSize ? (*kept)->size >= size : (*kept)->size == size;
    if (!fits || !is_ours_alone(*kept)) continue;
    auto block = std::move(*kept);
    kept_bytes_ -= block->size;
    kept_.erase(std::next(kept).base());
    return block;
  }
  return std::make_shared<Block>(size);
}

void FrameReader::keep(std::shared_ptr<Block> block) {
  constexpr std::size_t kMostKept = std::size_t{4} << 20;
  kept_bytes_ += block->size;
  kept_.push_back(std::move(block));
  while (kept_bytes_ > kMostKept) {
    kept_bytes_ -= kept_.front()->size;
    kept_.erase(kept_.begin());
  }
}

void FrameReader::start_block(std::size_t size) {
  auto next = take_block(size);
  if (filled_ > parsed_)
    std::memcpy(next->data.get(), block_->data.get() + parsed_, filled_ - parsed_);
  filled_ -= parsed_;
  parsed_ = 0;
  if (block_) keep(std::move(block_));
  block_ = std::move(next);
}

std::span<char> FrameReader::room() {
  // A block nobody else holds is used again from its start.
  if (block_ && parsed_ == filled_ && wanted_ == 0 && block_->size == kBlockSize &&
      is_ours_alone(block_))
    parsed_ = filled_ = 0;
  if (wanted_ > kBlockSize) {
    // Of a frame larger than a block no byte beyond its end is read, so that the next one starts
    // in a block of its own.
    if (parsed_ + wanted_ > block_->size) start_block(round_up(wanted_));
    return {block_->data.get() + filled_, parsed_ + wanted_ - filled_};
  }
  if (!block_ || block_->size > kBlockSize || parsed_ + wanted_ > block_->size ||
      (wanted_ == 0 && block_->size - filled_ < kBlockSize / 4))
    start_block(kBlockSize);
  std::size_t count = block_->size - filled_;
  // What is read of a large frame before its length is known will have to be copied.
  if (after_large_ && wanted_ == 0) count = std::min(count, kFirstRead);
  return {block_->data.get() + filled_, count};
}

void FrameReader::filled(std::size_t count) {
  filled_ += count;
}

// A copy, since what lies in shared memory could change between the checks and the use.
FrameHeader FrameReader::checked_header(const char* bytes) const {
  FrameHeader header;
  std::memcpy(&header, bytes, sizeof header);
  if (header.magic != kMagic || header.check != check_of(header))
    throw ProtocolError("the stream of frames is damaged");
  if (header.length > max_length_)
    throw ProtocolError("a frame of " + std::to_string(header.length) +
                        " bytes is longer than allowed");
  return header;
}

void FrameReader::go_elsewhere(std::string_view payload) {
  SharedArena::Extent extent;
  if (!arena_ || payload.size() != sizeof extent)
    throw ProtocolError("a frame names memory that is not shared");
  std::memcpy(&extent, payload.data(), sizeof extent);
  auto taken = arena_->take(extent);
  if (!taken) throw ProtocolError("a frame names memory that was not handed over");
  elsewhere_ = std::move(*taken);
}

Frame FrameReader::next_elsewhere() {
  FrameHeader header{};
  if (elsewhere_.size() < sizeof header) throw ProtocolError("shared memory ends within a frame");
  header = checked_header(elsewhere_.data());
  std::size_t whole = sizeof header + header.length;
  if (elsewhere_.size() < whole) throw ProtocolError("shared memory ends within a frame");
  Frame frame{static_cast<FrameKind>(header.kind), header.job,
              elsewhere_.slice(sizeof header, header.length)};
  if (frame.kind == FrameKind::elsewhere)
    throw ProtocolError("shared memory leads to other shared memory");
  // Of the last frame not a copy is kept, so that the memory is free with the frame.
  elsewhere_ = elsewhere_.size() == whole ? Bytes() : elsewhere_.slice(whole);
  return frame;
}

std::optional<Frame> FrameReader::next() {
  if (!elsewhere_.empty()) return next_elsewhere();
  std::size_t unparsed = filled_ - parsed_;
  if (unparsed < sizeof(FrameHeader)) return std::nullopt;
  FrameHeader header = checked_header(block_->data.get() + parsed_);
  std::size_t whole = sizeof header + header.length;
  if (unparsed < whole) {
    wanted_ = whole;
    return std::nullopt;
  }
  wanted_ = 0;
  after_large_ = whole > kBlockSize;
  std::string_view payload(block_->data.get() + parsed_ + sizeof header, header.length);
  parsed_ += whole;
  if (header.kind == static_cast<std::uint32_t>(FrameKind::elsewhere)) {
    go_elsewhere(payload);
    return next_elsewhere();
  }
  return Frame{static_cast<FrameKind>(header.kind), header.job, Bytes(block_, payload)};
}

ByteBuffer& FrameWriter::tail(Place place) {
  // A piece that is full, or being written, takes no more: its memory would never be let go by a
  // writer that is always a little behind.
  bool takes_more = !pieces_.empty() && !pieces_.back().is_full &&
                    pieces_.back().small.size() < kFullPiece &&
                    (pieces_.size() > 1 || offset_ == 0) &&
                    (place == Place::anywhere || !pieces_.back().is_in_arena());
  if (takes_more) return pieces_.back().small;
  Piece& piece = pieces_.emplace_back();
  if (arena_ && place == Place::anywhere)
    piece.reserved =
        spare_run_.empty() ? arena_->reserve(kRoomOfPiece) : std::exchange(spare_run_, {});
  piece.small = piece.reserved.empty() ? std::exchange(spare_, {}) : ByteBuffer(piece.reserved);
  return piece.small;
}

// One that fills a run of its own.
bool FrameWriter::add_in_arena(const FrameHeader& header, std::string_view head,
                               std::string_view body) {
  if (!arena_) return false;
  std::size_t whole = sizeof header + head.size() + body.size();
  std::span<char> reserved = arena_->reserve(whole);
  if (reserved.empty()) return false;
  Piece& piece = pieces_.emplace_back();
  piece.reserved = reserved;
  piece.is_full = true;
  piece.small = ByteBuffer(reserved);
  piece.small.append({reinterpret_cast<const char*>(&header), sizeof header});
  piece.small.append(head);
  piece.small.append(body);
  pending_ += whole;
  return true;
}

void FrameWriter::add_run(FrameKind kind, std::uint64_t job, std::span<char> run,
                          std::size_t size) {
  FrameHeader header = make_header(kind, job, size);
  Piece& piece = pieces_.emplace_back();
  piece.reserved = run;
  piece.is_full = true;
  piece.small = ByteBuffer(run);
  piece.small.append({reinterpret_cast<const char*>(&header), sizeof header});
  piece.small.filled(size);
  pending_ += sizeof header + size;
}

ByteBuffer& FrameWriter::begin(FrameKind kind, std::uint64_t job) {
  ByteBuffer& buffer = tail(Place::anywhere);
  begun_ = buffer.size();
  begun_kind_ = kind;
  begun_job_ = job;
  buffer.room(sizeof(FrameHeader));
  buffer.filled(sizeof(FrameHeader));
  return buffer;
}

void FrameWriter::end() {
  ByteBuffer& buffer = pieces_.back().small;
  std::size_t whole = buffer.size() - begun_;
  FrameHeader header = make_header(begun_kind_, begun_job_, whole - sizeof header);
  std::memcpy(buffer.data() + begun_, &header, sizeof header);
  pending_ += whole;
}

void FrameWriter::add(FrameKind kind, std::uint64_t job, std::string_view payload) {
  add(kind, job, payload, Bytes());
}

void FrameWriter::add(FrameKind kind, std::uint64_t job, Bytes payload) {
  add(kind, job, std::string_view(), std::move(payload));
}

void FrameWriter::add(FrameKind kind, std::uint64_t job, std::string_view head, Bytes body) {
  FrameHeader header = make_header(kind, job, head.size() + body.size());
  bool is_large = body.size() >= kLarge;
  if (is_large && add_in_arena(header, head, body.view())) return;
  // A frame in the arena is there with all it has.
  ByteBuffer& small = tail(is_large ? Place::stream : Place::anywhere);
  small.append({reinterpret_cast<const char*>(&header), sizeof header});
  small.append(head);
  pending_ += sizeof header + head.size() + body.size();
  if (!is_large) return small.append(body.view());
  Piece& piece = pieces_.emplace_back();
  piece.large = std::move(body);
  piece.is_full = true;
}

// Of pieces in the arena, only where they lie is left to be written.
void FrameWriter::hand_over_arena() {
  for (Piece& piece : pieces_) {
    if (!piece.is_in_arena() || piece.small.size() < kLarge) continue;
    auto extent = arena_->hand_over(std::exchange(piece.reserved, {}), piece.small.size());
    FrameHeader header = make_header(FrameKind::elsewhere, 0, sizeof extent);
    pending_ -= piece.small.size();
    piece.small = ByteBuffer();
    piece.small.append({reinterpret_cast<const char*>(&header), sizeof header});
    piece.small.append({reinterpret_cast<const char*>(&extent), sizeof extent});
    pending_ += piece.small.size();
    piece.is_full = true;
  }
}

bool FrameWriter::flush(int fd) {
  constexpr int kMostPieces = 64;
  if (arena_) hand_over_arena();
  while (pending_ > 0) {
    struct iovec vector[kMostPieces];
    int count = 0;
    for (const Piece& piece : pieces_) {
      if (count == kMostPieces) break;
      std::string_view view = piece.view();
      if (count == 0) view.remove_prefix(offset_);
      vector[count++] = {const_cast<char*>(view.data()), view.size()};
    }
    auto written = posix::write_some(fd, vector, count);
    if (!written) return false;
    pending_ -= *written;
    offset_ += *written;
    while (!pieces_.empty() && offset_ >= pieces_.front().view().size()) {
      offset_ -= pieces_.front().view().size();
      keep_memory(pieces_.front());
      pieces_.pop_front();
    }
  }
  return true;
}

// Small pieces come one after the other: to reserve a run for each would cost more than to send it.
void FrameWriter::keep_memory(Piece& written) {
  constexpr std::size_t kMostKept = std::size_t{1} << 20;
  bool is_own = !written.is_in_arena();
  if (spare_run_.empty() && !written.is_full)
    spare_run_ = written.reserved;
  else
    release(written.reserved);
  if (!is_own) return;
  written.small.clear();
  written.small.shrink(kMostKept);
  if (written.small.capacity() > spare_.capacity()) std::swap(spare_, written.small);
}

void FrameWriter::release(std::span<char> run) {
  if (arena_) arena_->release(run);
}

void FrameWriter::clear() {
  for (Piece& piece : pieces_) release(piece.reserved);
  release(std::exchange(spare_run_, {}));
  pieces_.clear();
  offset_ = 0;
  pending_ = 0;
}

}  // namespace fetchpool::ipc
