#include "fetchpool/pool.h"

int main() {
  fetchpool::Pool pool(1);
  int captured = 3;
  return pool.apply([captured](int x) { return x + captured; }, 1);
}
