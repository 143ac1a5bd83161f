#include "fetch/request_table.h"

#include <algorithm>
#include <memory>

namespace fetchpool::engine {

Request& RequestTable::add() {
  Schedule::Ticket ticket;
  if (free_.empty()) {
    ticket = static_cast<Schedule::Ticket>(requests_.size());
    requests_.emplace_back();
  } else {
    ticket = free_.back();
    free_.pop_back();
  }
  Request& request = requests_[ticket];
  request.ticket = ticket;
  request.seq = next_seq_++;
  return request;
}

void RequestTable::remove(Request& request) {
  free_.push_back(request.ticket);
  std::destroy_at(&request);
  std::construct_at(&request);
}

Request* RequestTable::running(std::uint64_t job) {
  auto ticket = static_cast<Schedule::Ticket>(job);
  if (ticket >= requests_.size()) return nullptr;
  Request& request = requests_[ticket];
  return request.state == Request::State::running && request.job == job ? &request : nullptr;
}

std::uint64_t RequestTable::lowest_unfinished() const {
  std::uint64_t lowest = next_seq_;
  for (const Request& request : requests_)
    if (request.state != Request::State::free) lowest = std::min(lowest, request.seq);
  return lowest;
}

}  // namespace fetchpool::engine
