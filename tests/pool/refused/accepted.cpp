// The same with nothing wrong: it must compile, or the others prove nothing.
#include "fetchpool/pool.h"

int main() {
  fetchpool::Pool pool(1);
  return pool.apply([](int x) { return x; }, 1);
}
