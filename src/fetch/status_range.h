// Which response codes belong to a set.
#pragma once

#include <algorithm>
#include <vector>

#include "fetchpool/fetch_options.h"

namespace fetchpool::engine {

inline bool contains(const std::vector<StatusRange>& ranges, int code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const StatusRange& range) {
    return range.first <= code && code <= range.last;
  });
}

}  // namespace fetchpool::engine
