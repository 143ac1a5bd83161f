// Answers of the name service, for a while.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "fetch/name_answer.h"

namespace fetchpool::engine {

// Keeps the answers of the last names asked for. A pure decision: it asks nobody, and time is an
// argument.
//
// Addresses are fresh for five minutes, and good enough for an hour while somebody asks again, so
// that a name service that fails does not take away hosts that are known (RFC 8767). That a name
// does not exist is believed for a minute. A failure is not kept.
class NameCache {
 public:
  explicit NameCache(std::size_t most = 4096) : most_(most) {}

  struct Found {
    const NameAnswer* answer = nullptr;  // null: the name has to be looked up first
    bool is_old = false;                 // it is good enough, but should be looked up again
  };
  // The answer is valid until the next call of anything here.
  Found find(const std::string& name, TimePoint now) const;

  // Whether somebody was told, within the last second, where the host is for that port; if not, the
  // caller does so now.
  bool was_told(const std::string& name, int port, TimePoint now);

  // Takes an answer in. One that failed changes nothing.
  void put(const std::string& name, NameAnswer answer, TimePoint now);
  // The addresses did not work: the next one to ask looks them up.
  void forget(const std::string& name);

 private:
  struct Entry {
    NameAnswer answer;
    TimePoint since;
    int told_port = -1;  // and when that was
    TimePoint told{};
  };
  void make_room();

  std::size_t most_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<std::string, TimePoint>> by_age_;
};

}  // namespace fetchpool::engine
