// Which descriptors are ours.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fetchpool {

// The descriptors that a UniqueFd owns now, so that a process forked for others can leave them
// behind. Descriptors beyond the first 65,536 are not noted. Thread-safe, and safe after a fork.
class OwnedFds {
 public:
  static void add(int fd) {
    if (is_noted(fd)) word(fd).fetch_or(bit(fd), std::memory_order_relaxed);
  }
  static void remove(int fd) {
    if (is_noted(fd)) word(fd).fetch_and(~bit(fd), std::memory_order_relaxed);
  }
  static void remove_between(unsigned first, unsigned last) {
    std::size_t end = std::min<std::size_t>(std::size_t{last} + 1, kNoted);
    for (std::size_t fd = first; fd < end;) {
      bool whole_word = fd % 64 == 0 && end - fd >= 64;
      if (whole_word)
        word(static_cast<int>(fd)).store(0, std::memory_order_relaxed);
      else
        remove(static_cast<int>(fd));
      fd += whole_word ? 64 : 1;
    }
  }
  static bool contains(int fd) {
    return is_noted(fd) && (word(fd).load(std::memory_order_relaxed) & bit(fd)) != 0;
  }

 private:
  static constexpr std::size_t kNoted = std::size_t{1} << 16;

  static bool is_noted(int fd) { return fd >= 0 && static_cast<std::size_t>(fd) < kNoted; }
  static std::uint64_t bit(int fd) { return std::uint64_t{1} << (static_cast<unsigned>(fd) % 64); }
  static std::atomic<std::uint64_t>& word(int fd) {
    return words_[static_cast<std::size_t>(fd) / 64];
  }

  static inline std::array<std::atomic<std::uint64_t>, kNoted / 64> words_{};
};

}  // namespace fetchpool
