#include "fetch/ordered_results.h"

#include <utility>

namespace fetchpool::engine {

void OrderedResults::put(FetchResult&& result) {
  auto at = static_cast<std::size_t>(result.seq - next_);
  if (waiting_.size() <= at) waiting_.resize(at + 1);
  bytes_ += result.body.size();
  waiting_[at] = std::move(result);
}

void OrderedResults::release(std::vector<FetchResult>& out) {
  for (; !waiting_.empty() && waiting_.front(); waiting_.pop_front(), ++next_) {
    bytes_ -= waiting_.front()->body.size();
    out.push_back(std::move(*waiting_.front()));
  }
}

}  // namespace fetchpool::engine
