// Frames: how messages are told apart on a stream of bytes between two processes.
//
// A frame is a header of 24 bytes in the byte order of the machine (both ends are one program),
// then `length` bytes of payload. The header carries a check over its other fields, so that bytes
// a worker did not mean as a frame are noticed at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "fetchpool/bytes.h"
#include "fetchpool/error.h"
#include "ipc/shared_arena.h"

namespace fetchpool::ipc {

// What stands in a frame is decided above; the kinds here are those that the process layer knows.
enum class FrameKind : std::uint32_t {
  // to a worker
  setup = 1,  // first frame of all: what the worker needs to know once
  job = 2,    // one job: its id and its bytes
  stop = 3,   // finish what was begun, then leave
  // from a worker
  ready = 16,     // takes jobs from now on
  progress = 17,  // a job reached the point its user wants to know of
  part = 18,      // bytes of a job's answer, more to come
  done = 19,      // a job's answer, or the rest of it
  failed = 20,    // cannot start; the payload says why
  window = 21,    // how many jobs it wants to have at once from now on; not 0
  // between the two ends alone: whole frames lie in the arena, at the extent that is the payload
  elsewhere = 32,
};

struct Frame {
  FrameKind kind;
  std::uint64_t job;
  Bytes payload;
};

struct FrameHeader {
  std::uint32_t magic;
  std::uint32_t kind;
  std::uint64_t job;
  std::uint32_t length;
  std::uint32_t check;
};
static_assert(sizeof(FrameHeader) == 24);

FrameHeader make_header(FrameKind kind, std::uint64_t job, std::size_t length);

// The other side sent something that is no frame.
class ProtocolError : public Error {
 public:
  using Error::Error;
};

// Takes frames out of a stream, and out of the arena beside it where there is one. Bytes are read
// straight into the blocks that the payloads then share, so a payload is never copied unless it
// straddles two blocks of 1 MiB. Blocks are used again once their payloads are gone; for that, some
// MiB are kept.
//
//   reader.room()           where the next bytes go, never empty
//   reader.filled(n)        n bytes were put there
//   reader.next()           the next whole frame, or nothing
class FrameReader {
 public:
  // A frame whose payload is longer than `max_length` bytes is a ProtocolError.
  explicit FrameReader(std::size_t max_length, std::shared_ptr<SharedArena> arena = nullptr);

  std::span<char> room();
  void filled(std::size_t count);
  // Throws ProtocolError; after that the stream is lost.
  std::optional<Frame> next();
  // Whether a frame has begun and not ended.
  bool in_frame() const { return parsed_ < filled_; }

 private:
  struct Block;

  FrameHeader checked_header(const char* bytes) const;
  void go_elsewhere(std::string_view payload);
  Frame next_elsewhere();
  void start_block(std::size_t size);
  std::shared_ptr<Block> take_block(std::size_t size);
  void keep(std::shared_ptr<Block> block);

  std::size_t max_length_;
  std::shared_ptr<SharedArena> arena_;
  Bytes elsewhere_;  // frames in the arena, not taken yet
  std::shared_ptr<Block> block_;
  std::vector<std::shared_ptr<Block>> kept_;  // full, to be used again once nobody else holds them
  std::size_t kept_bytes_ = 0;
  std::size_t parsed_ = 0;
  std::size_t filled_ = 0;
  std::size_t wanted_ = 0;
  bool after_large_ = false;
};

// Collects frames and writes them with as few calls as possible. Small payloads are copied
// together; large ones are written from where they are.
//
// Where there is an arena and room in it, frames are collected there, and only where they are is
// written; unless they are so few that copying them costs less.
class FrameWriter {
 public:
  explicit FrameWriter(std::shared_ptr<SharedArena> arena = nullptr) : arena_(std::move(arena)) {}

  void add(FrameKind kind, std::uint64_t job, std::string_view payload);
  void add(FrameKind kind, std::uint64_t job, Bytes payload);
  // A frame of two pieces: a head that is copied and a body that is not.
  void add(FrameKind kind, std::uint64_t job, std::string_view head, Bytes body);
  // A frame whose payload is there already: `size` bytes, kHeaderRoom behind the beginning of a run
  // that was reserved in this writer's arena and is the writer's from now on.
  static constexpr std::size_t kHeaderRoom = sizeof(FrameHeader);
  void add_run(FrameKind kind, std::uint64_t job, std::span<char> run, std::size_t size);
  // A frame whose payload is written in place: whatever is appended to the buffer returned, until
  // end(), which no other call may come between.
  ByteBuffer& begin(FrameKind kind, std::uint64_t job);
  void end();

  // Null where there is none.
  const std::shared_ptr<SharedArena>& arena() const { return arena_; }
  std::size_t pending_bytes() const { return pending_; }
  // Writes until nothing is left or `fd` takes no more; returns whether nothing is left. Throws
  // SystemError (EPIPE when the other end is gone).
  bool flush(int fd);
  // Forgets what was not written.
  void clear();

 private:
  // Either headers and small payloads, one after the other, or one large payload.
  struct Piece {
    ByteBuffer small;
    Bytes large;
    std::span<char> reserved;  // of the arena, for `small`
    bool is_full = false;

    std::string_view view() const { return large.empty() ? small.view() : large.view(); }
    bool is_in_arena() const { return !reserved.empty() && small.data() == reserved.data(); }
  };

  enum class Place { anywhere, stream };

  ByteBuffer& tail(Place place);
  bool add_in_arena(const FrameHeader& header, std::string_view head, std::string_view body);
  void hand_over_arena();
  void keep_memory(Piece& written);
  void release(std::span<char> run);

  std::shared_ptr<SharedArena> arena_;
  std::deque<Piece> pieces_;
  ByteBuffer spare_;           // of a piece that was written, for the next one
  std::span<char> spare_run_;  // the same, of the arena
  std::size_t begun_ = 0;      // where in the tail the frame of begin() starts
  FrameKind begun_kind_{};
  std::uint64_t begun_job_ = 0;
  std::size_t offset_ = 0;  // of the first piece, already written
  std::size_t pending_ = 0;
};

}  // namespace fetchpool::ipc
