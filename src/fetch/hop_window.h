// How many hops a worker wants to have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fetchpool::engine {

// Those that it runs, and some more that keep it busy until the engine has heard of an end and has
// sent what follows. Answers go out together; of large ones there are few in a batch, so few hops
// are waited for. More of them would come early, and wait for their turn in the order of the list.
class HopWindow {
 public:
  // Answers are sent once there are so many bytes of them.
  explicit HopWindow(std::size_t batch) : batch_(batch), average_(batch / kAheadAtFirst) {}

  // A hop ended with a body of so many bytes.
  void ended(std::uint64_t bytes) { average_ = average_ - average_ / 8 + bytes / 8; }

  // With so many running.
  std::uint32_t get(int running) const {
    std::uint64_t ahead = batch_ / std::max<std::uint64_t>(average_, 1);
    return static_cast<std::uint32_t>(running) +
           static_cast<std::uint32_t>(std::clamp(ahead, kLeastAhead, kMostAhead));
  }

 private:
  static constexpr std::uint64_t kAheadAtFirst = 8;
  static constexpr std::uint64_t kLeastAhead = 2;
  static constexpr std::uint64_t kMostAhead = 64;

  std::uint64_t batch_;
  std::uint64_t average_;  // of the latest bodies
};

}  // namespace fetchpool::engine
