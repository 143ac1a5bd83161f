#include "output/segment_table.h"

#include <algorithm>
#include <cassert>

namespace fetchpool::output {

SegmentTable::Run SegmentTable::extend(std::uint64_t want) {
  assert(want > 0);
  if (tail_ == kNone || tail_filled_ == segment_bytes_) {
    std::uint32_t fresh;
    if (free_.empty()) {
      fresh = static_cast<std::uint32_t>(segments_.size());
      segments_.emplace_back();
    } else {
      fresh = free_.back();
      free_.pop_back();
    }
    segments_[fresh] = {};
    if (tail_ != kNone) segments_[tail_].next = fresh;
    tail_ = fresh;
    tail_filled_ = 0;
    ++in_use_;
  }
  auto size =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(want, segment_bytes_ - tail_filled_));
  Run run{tail_, tail_filled_, size};
  tail_filled_ += size;
  segments_[tail_].live += size;
  live_bytes_ += size;
  return run;
}

SegmentTable::Run SegmentTable::run_at(std::uint64_t position, std::uint64_t want) const {
  auto offset = static_cast<std::uint32_t>(position % segment_bytes_);
  auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(want, segment_bytes_ - offset));
  return {static_cast<std::uint32_t>(position / segment_bytes_), offset, size};
}

SegmentTable::Released SegmentTable::release(const Run& run) {
  Segment& segment = segments_[run.segment];
  assert(segment.live >= run.size);
  std::uint64_t following = run.offset + run.size < segment_bytes_
                                ? position(run) + run.size
                                : std::uint64_t{segment.next} * segment_bytes_;
  segment.live -= run.size;
  live_bytes_ -= run.size;
  // The segment being filled stays, unless it is the only one left: then all starts anew.
  bool is_filling = run.segment == tail_ && tail_filled_ < segment_bytes_ && live_bytes_ > 0;
  if (segment.live > 0 || is_filling) return {following, false};
  if (run.segment == tail_) {
    tail_ = kNone;
  } else if (live_bytes_ == 0 && tail_ != kNone) {
    // The segment being filled holds nothing that is needed, either.
    free_.push_back(tail_);
    --in_use_;
    tail_ = kNone;
  }
  free_.push_back(run.segment);
  --in_use_;
  return {following, true};
}

std::uint64_t SegmentTable::growth_for(std::uint64_t size) const {
  std::uint64_t room = tail_ == kNone ? 0 : segment_bytes_ - tail_filled_;
  if (size <= room) return 0;
  return (size - room + segment_bytes_ - 1) / segment_bytes_ * segment_bytes_;
}

}  // namespace fetchpool::output
