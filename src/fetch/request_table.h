// The requests that an engine holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "fetch/request.h"

namespace fetchpool::engine {

// Every request between its submission and its result, by ticket and by the job that runs for it.
// Requests do not move.
class RequestTable {
 public:
  // In the job that new_job() returns for it where it belongs to no request.
  static constexpr Schedule::Ticket kNoTicket = 0xffffffff;

  // A request with the next number of the list.
  Request& add();
  // Ends the request: from here on its place is free.
  void remove(Request& request);

  Request& at(Schedule::Ticket ticket) { return requests_[ticket]; }
  // The request for which the job runs now, or nothing: an old answer finds none.
  Request* running(std::uint64_t job);
  // An id that no job had before.
  std::uint64_t new_job(Schedule::Ticket ticket) { return next_serial_++ << 32 | ticket; }

  // The number of the oldest request there is, or of the next one.
  std::uint64_t lowest_unfinished() const;

  // All places; those of no request are in the state `free`.
  auto begin() { return requests_.begin(); }
  auto end() { return requests_.end(); }

 private:
  std::deque<Request> requests_;  // by ticket
  std::vector<Schedule::Ticket> free_;
  std::uint64_t next_seq_ = 0;
  std::uint64_t next_serial_ = 1;
};

}  // namespace fetchpool::engine
