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

FrameReader::FrameReader(std::size_t max_length) : max_length_(max_length) {}

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
  constexpr std::size_t kMostKept = std::size_t{8} << 20;
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

std::optional<Frame> FrameReader::next() {
  std::size_t unparsed = filled_ - parsed_;
  if (unparsed < sizeof(FrameHeader)) return std::nullopt;
  FrameHeader header;
  std::memcpy(&header, block_->data.get() + parsed_, sizeof header);
  if (header.magic != kMagic || header.check != check_of(header))
    throw ProtocolError("the stream of frames is damaged");
  if (header.length > max_length_)
    throw ProtocolError("a frame of " + std::to_string(header.length) +
                        " bytes is longer than allowed");
  std::size_t whole = sizeof header + header.length;
  if (unparsed < whole) {
    wanted_ = whole;
    return std::nullopt;
  }
  wanted_ = 0;
  after_large_ = whole > kBlockSize;
  std::string_view payload(block_->data.get() + parsed_ + sizeof header, header.length);
  parsed_ += whole;
  return Frame{static_cast<FrameKind>(header.kind), header.job, Bytes(block_, payload)};
}

ByteBuffer& FrameWriter::tail() {
  // A piece that is full, or being written, takes no more: its memory would never be let go by a
  // writer that is always a little behind.
  bool takes_more = !pieces_.empty() && pieces_.back().large.empty() &&
                    pieces_.back().small.size() < kFullPiece &&
                    (pieces_.size() > 1 || offset_ == 0);
  if (!takes_more) pieces_.push_back({std::exchange(spare_, {}), {}});
  return pieces_.back().small;
}

void FrameWriter::append(Bytes payload) {
  pending_ += payload.size();
  if (payload.size() < kLarge)
    tail().append(payload.view());
  else
    pieces_.push_back({{}, std::move(payload)});
}

ByteBuffer& FrameWriter::begin(FrameKind kind, std::uint64_t job) {
  ByteBuffer& buffer = tail();
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
  ByteBuffer& small = tail();
  small.append({reinterpret_cast<const char*>(&header), sizeof header});
  small.append(head);
  pending_ += sizeof header + head.size();
  append(std::move(body));
}

bool FrameWriter::flush(int fd) {
  constexpr int kMostPieces = 64;
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
      keep_memory(pieces_.front().small);
      pieces_.pop_front();
    }
  }
  return true;
}

void FrameWriter::keep_memory(ByteBuffer& written) {
  constexpr std::size_t kMostKept = std::size_t{1} << 20;
  written.clear();
  written.shrink(kMostKept);
  if (written.capacity() > spare_.capacity()) std::swap(spare_, written);
}

void FrameWriter::clear() {
  pieces_.clear();
  offset_ = 0;
  pending_ = 0;
}

}  // namespace fetchpool::ipc
