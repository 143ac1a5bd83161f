#include "fetchpool/pool.h"

struct Page {
  std::string url;
};
Page make(int) {
  return {};
}

int main() {
  fetchpool::Pool pool(1);
  pool.apply(make, 1);
}
