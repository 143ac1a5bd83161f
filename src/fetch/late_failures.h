// Look-ups that failed when nobody held a place for them any more.
#pragma once

#include <deque>
#include <string>

#include "base/posix.h"
#include "fetch/name_answer.h"

namespace fetchpool::engine {

// Keeps such failures for two seconds, in which whoever was sent away comes back for them; nobody
// else is told, since the next look-up may go well. Pure: time is an argument.
class LateFailures {
 public:
  void put(const std::string& name, NameAnswer failure, TimePoint now);
  // Null: there is none. Valid until the next call of anything else here.
  const NameAnswer* find(const std::string& name, TimePoint now) const;
  // The name is looked up anew: those who come back later want what comes of that.
  void forget(const std::string& name);

 private:
  struct Failure {
    std::string name;
    NameAnswer answer;
    TimePoint since;
  };
  std::deque<Failure> failures_;  // the oldest first
};

}  // namespace fetchpool::engine
