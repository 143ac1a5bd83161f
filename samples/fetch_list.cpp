// Fetches several URLs with worker processes; the results are in the order of the URLs.
#include <cstdio>
#include <string>
#include <vector>

#include "fetchpool/fetch.h"

int main(int argc, char** argv) {
  std::vector<std::string> urls(argv + 1, argv + argc);
  for (const fetchpool::FetchResult& page : fetchpool::fetch_all(urls, {.processes = 2})) {
    std::string outcome(name(page.outcome));
    std::printf("%s %zu %s\n", outcome.c_str(), page.body.size(), page.input.c_str());
  }
}
