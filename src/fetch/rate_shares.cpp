#include "fetch/rate_shares.h"

#include <algorithm>
#include <cstddef>

namespace fetchpool::engine {

RateShares::Place& RateShares::at(int place) {
  auto index = static_cast<std::size_t>(place);
  if (places_.size() <= index) places_.resize(index + 1, Place{0, initial_});
  return places_[index];
}

std::vector<RateShares::Share> RateShares::changes() {
  std::vector<Share> changes;
  std::uint64_t transfers = 0;
  for (const Place& place : places_) transfers += static_cast<std::uint64_t>(place.transfers);
  for (std::size_t index = 0; index < places_.size(); ++index) {
    Place& place = places_[index];
    if (place.transfers == 0) continue;
    auto own = static_cast<double>(place.transfers) / static_cast<double>(transfers);
    auto share =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(total_) * own));
    std::uint64_t difference = share > place.told ? share - place.told : place.told - share;
    if (difference <= place.told / 16) continue;
    place.told = share;
    changes.push_back({static_cast<int>(index), share});
  }
  return changes;
}

}  // namespace fetchpool::engine
