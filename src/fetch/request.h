// One URL as the engine holds it.
#pragma once

#include <cstdint>

#include "base/posix.h"
#include "fetch/chain.h"
#include "fetch/schedule.h"
#include "fetchpool/fetch.h"

namespace fetchpool::engine {

// Between submit() and its result.
struct Request {
  enum class State {
    free,     // this place holds no request
    waiting,  // in the schedule, or among the suspects
    running,  // sent to a worker
  };

  State state = State::free;
  Schedule::Ticket ticket = 0;  // its place among the engine's requests
  std::uint64_t seq = 0;
  std::uint64_t job = 0;  // of the hop that runs
  Chain chain;
  Schedule::HostId host = 0;
  int worker = Schedule::kAlone;       // in the schedule's numbering
  int place = -1;                      // in the supervisor's
  Clock::duration limit{0};            // of the hop's running; 0: none
  Clock::duration waited_for_name{0};  // by the hop, so far
  TimePoint submitted{};
  TimePoint begun{};  // when its first hop was sent

  bool suspect = false;  // was running when its worker died: is run alone
  int deaths_alone = 0;
  int kills_alone = 0;

  Body body;     // the parts of the hop that runs
  Body archive;  // the records of the hops that were followed
};

}  // namespace fetchpool::engine
