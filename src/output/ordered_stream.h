// Records in any order on one stream in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fetchpool/bytes.h"
#include "output/output_stream.h"
#include "output/reorder_buffer.h"

namespace fetchpool::output {

// A reorder buffer in front of an output stream. A record whose turn it is goes to the stream
// without a copy; 8 MiB may wait there for a slow reader, what is beyond that waits in the buffer
// like what came too early, so that memory is bounded whatever the reader does.
//
// Throws what its two parts throw.
class OrderedStream {
 public:
  OrderedStream(OutputStream stream, ReorderOptions options);

  // Takes a record: a head and a tail that are copied, and a body that is not. `tail` must last
  // for ever (a literal).
  void put(std::uint64_t seq, std::string_view head, const std::vector<Bytes>& body,
           std::string_view tail);
  // Writes what can be written now.
  void flush();
  // Writes all records whose turn it is, forces them to the disk where `durable`, and returns where
  // the last one ended; nothing where the stream is not a file that can be cut there.
  std::optional<OutputStream::Mark> settle(bool durable);
  // Writes everything up to the first number that never came, waiting for the reader, and closes.
  void finish();

  // Whether no new transfers should begin: the order is waiting and its memory and disk are full,
  // or the reader is slow and the memory is full. Becomes false with some room, not at the first
  // byte. A transfer that the order waits for (awaited()) must be let go on all the same.
  bool wants_hold() const { return buffer_.is_full() || is_behind_; }
  // Whether records are due that the reader does not take: no transfer can help then.
  bool waits_for_reader() const { return buffer_.has_next(); }
  std::uint64_t awaited() const { return buffer_.awaited(); }
  std::uint64_t written() const { return stream_.records_written(); }

  // Whether what waits to be written is little and goes to a file.
  bool may_gather() const { return stream_.is_plain() && !buffer_.has_next(); }
  int poll_fd() const { return stream_.poll_fd(); }
  short poll_events() const;

  const ReorderBuffer& buffer() const { return buffer_; }
  const OutputStream& stream() const { return stream_; }

 private:
  bool has_room_for(std::uint64_t size) const;
  // Moves records on whose turn it is, at most about `limit` bytes; returns how many bytes.
  std::uint64_t advance(std::uint64_t limit);
  void judge_reader();

  OutputStream stream_;
  std::uint64_t window_;
  ReorderBuffer buffer_;
  bool is_behind_ = false;
};

}  // namespace fetchpool::output
