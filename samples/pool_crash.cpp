// A task that crashes fails alone: its worker is replaced, everything else is done.
#include <fetchpool/pool.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <vector>

int risky(int x) {
  if (x == 3) std::abort();
  if (x == 4) throw std::invalid_argument("four is not for us");
  return x * x;
}

int main() {
  fetchpool::Pool pool(2);
  auto outcomes = pool.map_async(risky, std::vector<int>{1, 2, 3, 4, 5}).results();
  for (auto& outcome : outcomes) {
    try {
      std::cout << outcome.value() << "\n";
    } catch (const fetchpool::WorkerLost& lost) {
      std::cout << "element " << lost.task() << ": " << lost.what() << "\n";
    } catch (const fetchpool::RemoteError& error) {
      std::cout << "element " << error.task() << ": " << error.type_name() << ": " << error.what()
                << "\n";
    }
  }
  std::cout << "still works: " << pool.apply(risky, 6) << "\n";
}
