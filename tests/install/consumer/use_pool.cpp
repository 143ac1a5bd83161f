// Squares numbers in two worker processes.
#include <fetchpool/pool.h>

#include <iostream>
#include <vector>

int square(int x) {
  return x * x;
}

int main() {
  fetchpool::Pool pool(2);
  std::vector<int> numbers = {1, 2, 3};
  std::vector<int> squares = pool.map(square, numbers);
  for (int number : squares) std::cout << number << "\n";
  pool.close();
  pool.join();
  return squares == std::vector<int>{1, 4, 9} ? 0 : 1;
}
