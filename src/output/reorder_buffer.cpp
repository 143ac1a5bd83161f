#include "output/reorder_buffer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace fetchpool::output {
namespace {

// A fresh record can keep a whole block of 1 MiB alive, however small it is. These bound how many
// blocks that can be: all fresh records lie in what came within the last kMostFlow bytes.
constexpr std::uint64_t kMostFreshBytes = std::uint64_t{4} << 20;
constexpr std::size_t kMostFreshRecords = 256;
constexpr std::uint64_t kMostFlow = std::uint64_t{16} << 20;

}  // namespace

ReorderBuffer::ReorderBuffer(ReorderOptions options)
    : options_(std::move(options)),
      fresh_limit_(std::min(kMostFreshBytes, options_.window / 4)),
      awaited_(options_.first),
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
  entry.position = first_fresh_ + fresh_.size();
  entry.size = size & ((std::uint64_t{1} << 62) - 1);
  entry.place = static_cast<unsigned>(Place::fresh);
  flow_bytes_ += size;
  fresh_.push_back({seq, flow_bytes_, std::move(pieces), true});
  ++fresh_records_;
  ++parked_records_;
  fresh_bytes_ += size;
  while (must_settle()) settle_oldest();
  judge_fullness();
}

bool ReorderBuffer::pass(std::uint64_t seq, std::uint64_t bytes) {
  if (seq != awaited_ || in_record_) return false;
  assert(place_of(seq) == Place::absent);
  if (!entries_.empty()) entries_.pop_front();
  ++awaited_;
  flow_bytes_ += bytes;
  while (must_settle()) settle_oldest();
  return true;
}

std::vector<Bytes> ReorderBuffer::take_fresh(const Entry& entry) {
  Fresh& fresh = fresh_[entry.position - first_fresh_];
  fresh.is_here = false;
  --fresh_records_;
  fresh_bytes_ -= entry.size;
  auto pieces = std::move(fresh.pieces);
  drop_gone_fresh();
  return pieces;
}

void ReorderBuffer::drop_gone_fresh() {
  while (!fresh_.empty() && !fresh_.front().is_here) {
    fresh_.pop_front();
    ++first_fresh_;
  }
}

bool ReorderBuffer::must_settle() const {
  return fresh_records_ > 0 && (fresh_bytes_ > fresh_limit_ || fresh_records_ > kMostFreshRecords ||
                                fresh_.size() > 4 * kMostFreshRecords ||
                                flow_bytes_ - fresh_.front().arrived_at > kMostFlow);
}

// Copies the fresh record that came first to where it can stay.
void ReorderBuffer::settle_oldest() {
  Entry& entry = entries_[fresh_.front().seq - awaited_];
  std::vector<Bytes> pieces = take_fresh(entry);
  std::uint64_t packed = packed_.allocated_bytes() + packed_.growth_for(entry.size);
  bool goes_to_disk = packed + fresh_limit_ > options_.window && options_.spill > 0;
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
  current_ = take_fresh(entry);
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
