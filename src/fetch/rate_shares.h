// The parts that workers have in a limit for all of them.
#pragma once

#include <cstdint>
#include <vector>

namespace fetchpool::engine {

// Divides bytes per second among workers as their transfers are. A pure decision.
class RateShares {
 public:
  struct Share {
    int place;
    std::uint64_t bytes_per_second;
  };

  // `initial`: what a worker takes for its share until it is told.
  RateShares(std::uint64_t total, std::uint64_t initial) : total_(total), initial_(initial) {}

  bool is_on() const { return total_ > 0; }
  void begun(int place) { ++at(place).transfers; }
  void ended(int place) { --at(place).transfers; }
  // The worker at the place has been told nothing: it is another one, or could not be.
  void forget(int place) { at(place).told = initial_; }
  // Whose shares have changed so much that they should be told, and are taken as told. Workers
  // without transfers are left out: they read nothing.
  std::vector<Share> changes();

 private:
  struct Place {
    int transfers = 0;
    std::uint64_t told = 0;
  };

  Place& at(int place);

  std::uint64_t total_;
  std::uint64_t initial_;
  std::vector<Place> places_;
};

}  // namespace fetchpool::engine
