// Squares by a pool of worker processes: the first program of Python's multiprocessing.Pool.
#include <fetchpool/pool.h>

#include <iostream>
#include <vector>

int square(int x) {
  return x * x;
}

int main() {
  fetchpool::Pool pool(4);
  std::vector<fetchpool::ApplyResult<int>> results;
  for (int x = 0; x < 10; ++x) results.push_back(pool.apply_async(square, x));
  pool.close();
  pool.join();
  for (const auto& result : results) std::cout << result.get() << "\n";
}
