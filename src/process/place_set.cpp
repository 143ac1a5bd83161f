#include "process/place_set.h"

#include <algorithm>

namespace fetchpool::process {

WorkerPlace& PlaceSet::add(bool kept, const SupervisorOptions& options, WakeSet& wakes) {
  auto gone = std::find(places_.begin(), places_.end(), nullptr);
  if (gone == places_.end()) gone = places_.insert(gone, nullptr);
  int number = static_cast<int>(gone - places_.begin());
  *gone = std::make_unique<WorkerPlace>(number, kept, options, wakes);
  return **gone;
}

void PlaceSet::remove(const WorkerPlace& place) {
  places_[static_cast<std::size_t>(place.number())].reset();
}

WorkerPlace* PlaceSet::at(int number) const {
  auto index = static_cast<std::size_t>(number);
  return index < places_.size() ? places_[index].get() : nullptr;
}

WorkerPlace* PlaceSet::of_worker(std::uint64_t worker) const {
  auto found = by_worker_.find(worker);
  return found == by_worker_.end() ? nullptr : found->second;
}

bool PlaceSet::is_empty() const {
  return std::all_of(places_.begin(), places_.end(), [](const auto& place) { return !place; });
}

bool PlaceSet::has_workers() const {
  return std::any_of(places_.begin(), places_.end(),
                     [](const auto& place) { return place && place->has_worker(); });
}

int PlaceSet::ready_workers() const {
  return static_cast<int>(std::count_if(places_.begin(), places_.end(), [](const auto& place) {
    return place && place->phase() == WorkerPlace::Phase::ready;
  }));
}

}  // namespace fetchpool::process
