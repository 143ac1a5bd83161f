// Results that wait for their turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fetchpool/fetch_result.h"

namespace fetchpool::engine {

// Takes results in any order and gives them back in the order of their numbers, from 0 on.
class OrderedResults {
 public:
  void put(FetchResult&& result);
  // Moves those whose turn has come to the end of `out`.
  void release(std::vector<FetchResult>& out);
  // The bodies that wait here.
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<std::optional<FetchResult>> waiting_;  // from number `next_` on
  std::uint64_t next_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace fetchpool::engine
