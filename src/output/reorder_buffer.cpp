#include "output/reorder_buffer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace fetchpool::output {
namespace {

// A small record can keep a whole block of 1 MiB alive; a large one has most of its memory for
// itself, which for large bodies that come in no order is worth more than a copy.
constexpr std::uint64_t kLarge = std::uint64_t{256} << 10;
constexpr FreshRecords::Limits kSmallOnes{std::uint64_t{4} << 20, 256, std::uint64_t{16} << 20};
constexpr FreshRecords::Limits kLargeOnes{std::uint64_t{16} << 20, 256, std::uint64_t{32} << 20};

FreshRecords::Limits within(FreshRecords::Limits limits, std::uint64_t window) {
  limits.bytes = std::min(limits.bytes, window / 4);
  return limits;
}

}  // namespace

ReorderBuffer::ReorderBuffer(ReorderOptions options)
    : options_(std::move(options)),
      awaited_(options_.first),
      fresh_small_(within(kSmallOnes, options_.window)),
      fresh_large_(within(kLargeOnes, options_.window)),
      spilled_(options_.spill_directories) {}

ReorderBuffer::Place ReorderBuffer::place_of(std::uint64_t seq) const {
  if (seq < awaited_ || seq - awaited_ >= entries_.size()) return Place::absent;
  return static_cast<Place>(entries_[seq - awaited_].place);
}

void ReorderBuffer::put(std::uint64_t seq, std::vector<Bytes> pieces) {
  assert(seq >= awaited_ && place_of(seq) == Place::absent);
  std::uint64_t size = 0;
  for (const Bytes& piece : pieces) size += piece.size();
  std::uint64_t index = seq - awaited_;
  if (index >= entries_.size()) entries_.resize(index + 1);
  Entry& entry = entries_[index];
  entry.size = size & ((std::uint64_t{1} << 62) - 1);
  entry.place = static_cast<unsigned>(Place::fresh);
  flow(size);
  entry.position = fresh_for(size).put(seq, size, std::move(pieces));
  ++parked_records_;
  settle();
  judge_fullness();
}

bool ReorderBuffer::pass(std::uint64_t seq, std::uint64_t bytes) {
  if (seq != awaited_ || in_record_) return false;
  assert(place_of(seq) == Place::absent);
  if (!entries_.empty()) entries_.pop_front();
  ++awaited_;
  flow(bytes);
  settle();
  return true;
}

FreshRecords& ReorderBuffer::fresh_for(std::uint64_t size) {
  return size < kLarge ? fresh_small_ : fresh_large_;
}

void ReorderBuffer::flow(std::uint64_t bytes) {
  fresh_small_.flow(bytes);
  fresh_large_.flow(bytes);
}

void ReorderBuffer::settle() {
  while (fresh_small_.must_settle()) settle_oldest(fresh_small_);
  // What no large record takes is there for packed ones; so both may be too much together.
  while (fresh_large_.must_settle() ||
         (fresh_large_.bytes() > 0 && memory_bytes() > options_.window))
    settle_oldest(fresh_large_);
}

// Copies the record that came first to where it can stay.
void ReorderBuffer::settle_oldest(FreshRecords& fresh) {
  Entry& entry = entries_[fresh.oldest() - awaited_];
  std::vector<Bytes> pieces = fresh.take(entry.position);
  std::uint64_t packed = packed_.allocated_bytes() + packed_.growth_for(entry.size);
  bool goes_to_disk =
      packed + fresh_small_.limits().bytes + fresh_large_.bytes() > options_.window &&
      options_.spill > 0;
  if (entry.size > 0)
    entry.position = goes_to_disk ? spilled_.append(pieces) : packed_.append(pieces);
  entry.place = static_cast<unsigned>(goes_to_disk ? Place::spilled : Place::packed);
  copied_bytes_ += entry.size;
}

bool ReorderBuffer::has_next() const {
  return in_record_ || place_of(awaited_) != Place::absent;
}

void ReorderBuffer::begin_record() {
  const Entry& entry = entries_.front();
  in_record_ = true;
  left_ = entry.size;
  if (static_cast<Place>(entry.place) != Place::fresh) return;
  current_ = fresh_for(entry.size).take(entry.position);
  current_index_ = 0;
}

void ReorderBuffer::finish_record() {
  in_record_ = false;
  current_.clear();
  entries_.pop_front();
  ++awaited_;
  --parked_records_;
}

std::optional<ReorderBuffer::Piece> ReorderBuffer::next() {
  if (!has_next()) return std::nullopt;
  if (!in_record_) begin_record();
  Entry& entry = entries_.front();
  Piece piece;
  if (left_ > 0) {
    switch (static_cast<Place>(entry.place)) {
      case Place::fresh:
        piece.bytes = std::move(current_[current_index_++]);
        break;
      case Place::packed:
      case Place::spilled: {
        std::uint64_t position = entry.position;
        piece.bytes = static_cast<Place>(entry.place) == Place::packed
                          ? packed_.take(position, left_)
                          : spilled_.take(position, left_);
        entry.position = position;
        break;
      }
      case Place::absent:
        assert(false);
    }
  }
  left_ -= piece.bytes.size();
  piece.ends_record = left_ == 0;
  if (piece.ends_record) finish_record();
  judge_fullness();
  return piece;
}

void ReorderBuffer::judge_fullness() {
  std::uint64_t memory = memory_bytes();
  std::uint64_t disk = spilled_.allocated_bytes();
  if (is_full_)
    is_full_ = options_.spill > 0 ? disk > options_.spill - options_.spill / 4
                                  : memory > options_.window - options_.window / 4;
  else
    is_full_ = options_.spill > 0 ? disk >= options_.spill : memory > options_.window;
}

}  // namespace fetchpool::output
