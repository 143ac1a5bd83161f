// How many hops a worker wants to have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fetchpool::engine {

// As many as it runs at once, and some more that keep it busy until the engine has heard of an end
// and has sent what follows. Answers go out together, and while one batch is on its way there and
// back, another one is made; of large answers there are few in a batch, so few hops are waited for.
// More of them would come early, and wait for their turn in the order of the list. Hops that wait
// for a place of their host come on top: what other hosts may have is not theirs to take.
class HopWindow {
 public:
  // Answers are sent once there are so many bytes of them.
  explicit HopWindow(std::size_t batch)
      : batch_(batch), average_(kBatches * batch / kAheadAtFirst) {}

  // A hop ended, with a body of so many bytes to be sent.
  void ended(std::uint64_t bytes) {
    average_ = average_ - average_ / 8 + std::min(bytes, batch_) / 8;
  }

  // Where `limit` hops run at once, and so many wait for a place of their host.
  std::uint32_t get(int limit, std::size_t blocked) const {
    std::uint64_t ahead = kBatches * batch_ / std::max<std::uint64_t>(average_, 1);
    return static_cast<std::uint32_t>(limit) + static_cast<std::uint32_t>(blocked) +
           static_cast<std::uint32_t>(std::clamp(ahead, kLeastAhead, kMostAhead));
  }

 private:
  static constexpr std::uint64_t kBatches = 2;
  static constexpr std::uint64_t kAheadAtFirst = 8;
  static constexpr std::uint64_t kLeastAhead = 2;
  static constexpr std::uint64_t kMostAhead = 64;

  std::uint64_t batch_;
  std::uint64_t average_;  // of the latest bodies
};

}  // namespace fetchpool::engine
