// Which code a forked process shares with the one it came from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fetchpool::process {

// The program and its libraries as they were mapped at one moment. A function's address means the
// same function in a process forked at that moment as long as the same object is still there.
// Immutable, so any thread may use it.
class LoadedImages {
 public:
  static LoadedImages now();

  // Why the code at this address is not, or may not be, the same in the processes that were forked
  // when this was taken; nothing where it is. Takes some 20 ns while no library was loaded or
  // unloaded since.
  std::optional<std::string> objection_to(std::uintptr_t code) const;

 private:
  struct Image {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::string build_id;
    std::string name;
  };
  // How many objects the dynamic linker has loaded and unloaded so far.
  struct Counts {
    unsigned long long loaded = 0;
    unsigned long long unloaded = 0;
    bool operator==(const Counts&) const = default;
  };
  struct Collector;

  static Counts counts_now();
  const Image* image_of(std::uintptr_t code) const;

  std::vector<Image> images_;  // by address
  Counts counts_;
};

}  // namespace fetchpool::process
