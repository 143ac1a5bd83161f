#include "output/fresh_records.h"

namespace fetchpool::output {

std::uint64_t FreshRecords::put(std::uint64_t seq, std::uint64_t size, std::vector<Bytes> pieces) {
  records_.push_back({seq, size, flow_, std::move(pieces), true});
  ++here_;
  bytes_ += size;
  return first_ + records_.size() - 1;
}

std::vector<Bytes> FreshRecords::take(std::uint64_t position) {
  Record& record = records_[position - first_];
  record.is_here = false;
  --here_;
  bytes_ -= record.size;
  auto pieces = std::move(record.pieces);
  for (; !records_.empty() && !records_.front().is_here; ++first_) records_.pop_front();
  return pieces;
}

bool FreshRecords::must_settle() const {
  return here_ > 0 && (bytes_ > limits_.bytes || here_ > limits_.records ||
                       records_.size() > 4 * limits_.records ||
                       flow_ - records_.front().arrived_at > limits_.flow);
}

}  // namespace fetchpool::output
