// Chance in tests, that can be had again.
#pragma once

#include <cstdlib>
#include <iostream>
#include <random>

namespace fetchpool::test {

// A seed that no other run has, or that of FETCHPOOL_TEST_SEED. It is printed, so that a failure,
// or a hang, can be repeated.
inline unsigned new_seed() {
  const char* wanted = std::getenv("FETCHPOOL_TEST_SEED");
  unsigned seed =
      wanted ? static_cast<unsigned>(std::strtoul(wanted, nullptr, 10)) : std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  return seed;
}

}  // namespace fetchpool::test
