// The places of a supervisor.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "process/worker_place.h"

namespace fetchpool::process {

// Finds places by their number and by the worker that is in them. Places stay where they are until
// they are removed.
class PlaceSet {
 public:
  // With the smallest number that is free.
  WorkerPlace& add(bool kept, const SupervisorOptions& options, WakeSet& wakes);
  void remove(const WorkerPlace& place);
  // Null where there is none.
  WorkerPlace* at(int number) const;

  // From now on the worker of this id is in `place`, until it is forgotten.
  void note_worker(std::uint32_t worker, WorkerPlace& place) { by_worker_[worker] = &place; }
  void forget_worker(std::uint32_t worker) { by_worker_.erase(worker); }
  WorkerPlace* of_worker(std::uint64_t worker) const;

  // Calls use(place) for each place, in the order of their numbers; it may remove that place.
  template <class Use>
  void for_each(Use use) const {
    for (const auto& place : places_)
      if (place) use(*place);
  }

  bool is_empty() const;
  bool has_workers() const;
  int ready_workers() const;

 private:
  std::vector<std::unique_ptr<WorkerPlace>> places_;  // null where a place is gone
  std::unordered_map<std::uint64_t, WorkerPlace*> by_worker_;
};

}  // namespace fetchpool::process
