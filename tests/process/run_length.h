// How often tests of chance repeat themselves.
#pragma once

#include <cstdlib>

namespace fetchpool::test {

// `whole` where FETCHPOOL_TEST_LONG is set, else a tenth of it.
inline int rounds_of(int whole) {
  return std::getenv("FETCHPOOL_TEST_LONG") ? whole : whole / 10;
}

}  // namespace fetchpool::test
