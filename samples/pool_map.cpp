// Squares by a pool of worker processes, as in the first example of Python's multiprocessing.
#include <fetchpool/pool.h>

#include <iostream>

int square(int x) {
  return x * x;
}

int main() {
  fetchpool::Pool pool(4);
  fetchpool::ApplyResult<int> nine = pool.apply_async(square, 3);
  std::vector<int> squares = pool.map(square, std::vector<int>{1, 2, 3, 4});
  pool.close();
  pool.join();

  std::cout << nine.get() << ":";
  for (int each : squares) std::cout << " " << each;
  std::cout << "\n";
}
