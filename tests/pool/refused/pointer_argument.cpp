#include "fetchpool/pool.h"

int first(const int* numbers) {
  return numbers[0];
}

int main() {
  fetchpool::Pool pool(1);
  int numbers[] = {1, 2};
  return pool.apply(first, numbers);
}
