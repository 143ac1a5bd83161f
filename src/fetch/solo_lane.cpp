#include "fetch/solo_lane.h"

#include <algorithm>

namespace fetchpool::engine {

void SoloLane::admit(RequestTable& requests, std::uint64_t highest) {
  for (auto at = suspects_.begin(); at != suspects_.end() && admitted_ < most_;) {
    const Request& request = requests.at(*at);
    if (request.seq > highest) {
      ++at;
      continue;
    }
    schedule_.add_alone(request.host, request.ticket, request.seq);
    at = suspects_.erase(at);
    ++admitted_;
  }
}

std::optional<SoloLane::Ready> SoloLane::next() {
  if (pending_.empty()) return std::nullopt;
  for (Place& place : places_) {
    if (place.busy || supervisor_.room(place.place) == 0) continue;
    place.busy = true;
    Ready ready{place.place, pending_.front()};
    pending_.pop_front();
    return ready;
  }
  return std::nullopt;
}

void SoloLane::adjust_workers() {
  auto idle = static_cast<std::size_t>(std::count_if(
      places_.begin(), places_.end(), [](const Place& place) { return !place.busy; }));
  for (; idle < pending_.size(); ++idle) places_.push_back({supervisor_.add_worker(), false});
  if (admitted_ > 0 || !suspects_.empty()) return;
  for (const Place& place : places_) supervisor_.remove_worker(place.place);
  places_.clear();
}

void SoloLane::ended(int place) {
  --admitted_;
  for (Place& solo : places_)
    if (solo.place == place) solo.busy = false;
}

std::vector<Schedule::Ticket> SoloLane::drop_waiting() {
  std::vector<Schedule::Ticket> dropped(suspects_.begin(), suspects_.end());
  suspects_.clear();
  for (const Schedule::Start& start : pending_) dropped.push_back(start.ticket);
  pending_.clear();
  return dropped;
}

std::vector<int> SoloLane::places() const {
  std::vector<int> places;
  for (const Place& place : places_) places.push_back(place.place);
  return places;
}

}  // namespace fetchpool::engine
