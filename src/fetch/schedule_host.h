// What the schedule knows of one host.
#pragma once

#include "fetch/schedule.h"

namespace fetchpool::engine {

struct Schedule::Host {
  enum class Knowledge { unknown, trying, known };

  HostId id = 0;
  std::string name;
  std::size_t hash = 0;
  Knowledge knowledge = Knowledge::unknown;
  bool http2 = false;      // known to speak it
  TimePoint gate_opens{};  // while trying
  TimePoint paused_until{};
  Pacer pacer;
  Clock::duration wait{0};  // the last one chosen
  int failures = 0;         // in a row
  std::optional<Outcome> given_up;
  // Tickets in the order of submission, and those that came back out of order.
  std::deque<Entry> fresh;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> returned;
  std::vector<int> at_worker;  // hops sent and not ended, by worker
  int alone = 0;
  int sent = 0;           // all hops sent and not ended
  int running = 0;        // transfers that run now, at workers and alone
  std::size_t timed = 0;  // tickets that wait for their time
  bool in_ready = false;
  bool in_full = false;
  bool idle = false;
  std::uint64_t listed_rank = 0;  // under which it stands in ready_ or full_

  bool has_waiting() const { return !fresh.empty() || !returned.empty(); }
  bool is_busy() const { return sent > 0 || timed > 0 || has_waiting(); }
  bool returned_first() const {
    return !returned.empty() && (fresh.empty() || returned.top().rank < fresh.front().rank);
  }
  const Entry& front() const { return returned_first() ? returned.top() : fresh.front(); }
  void pop() {
    if (returned_first())
      returned.pop();
    else
      fresh.pop_front();
  }
};

}  // namespace fetchpool::engine
