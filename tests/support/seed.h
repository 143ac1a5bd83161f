// Chance in tests, that can be had again.
#pragma once

#include <iostream>
#include <random>

namespace fetchpool::test {

// A seed that no other run has. It is printed, so that a failure, or a hang, can be repeated.
inline unsigned new_seed() {
  unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  return seed;
}

}  // namespace fetchpool::test
