#include "fetchpool/pool.h"

void increment(int& number) {
  ++number;
}

int main() {
  fetchpool::Pool pool(1);
  int number = 1;
  pool.apply(increment, number);
}
