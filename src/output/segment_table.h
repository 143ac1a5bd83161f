// How records share equal segments of memory or of a file.
#pragma once

#include <cstdint>
#include <vector>

namespace fetchpool::output {

// Hands out the room of numbered segments of equal size, one byte after the other, as a chain of
// segments, and counts what is still needed of each, so that a segment is used again once nothing
// in it is. Knows positions only, not what lies there. A position stands for one byte and holds as
// long as that byte has not been released.
class SegmentTable {
 public:
  explicit SegmentTable(std::uint32_t segment_bytes) : segment_bytes_(segment_bytes) {}

  // Bytes that lie in one segment, one after the other.
  struct Run {
    std::uint32_t segment;
    std::uint32_t offset;
    std::uint32_t size;
  };

  // Takes the next bytes of the chain into use: `want` of them, or fewer where a segment ends.
  // Requires want > 0.
  Run extend(std::uint64_t want);
  // The at most `want` bytes from `position` on, fewer where a segment ends.
  Run run_at(std::uint64_t position, std::uint64_t want) const;
  std::uint64_t position(const Run& run) const {
    return std::uint64_t{run.segment} * segment_bytes_ + run.offset;
  }

  struct Released {
    std::uint64_t following;  // position of the byte after the run in the chain
    bool segment_is_free;     // nothing else in its segment is needed
  };
  // Gives bytes back, each once.
  Released release(const Run& run);

  // Bytes in use.
  std::uint64_t live_bytes() const { return live_bytes_; }
  // Bytes of all segments in which something is in use.
  std::uint64_t allocated_bytes() const { return std::uint64_t{in_use_} * segment_bytes_; }
  // What allocated_bytes() will have grown by when `size` more bytes are in use.
  std::uint64_t growth_for(std::uint64_t size) const;
  // Segments that were in use and wait to be used again.
  std::size_t free_segments() const { return free_.size(); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Segment {
    std::uint32_t live = 0;
    std::uint32_t next = kNone;
  };

  std::uint32_t segment_bytes_;
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> free_;
  std::uint32_t tail_ = kNone;
  std::uint32_t tail_filled_ = 0;
  std::uint32_t in_use_ = 0;
  std::uint64_t live_bytes_ = 0;
};

}  // namespace fetchpool::output
