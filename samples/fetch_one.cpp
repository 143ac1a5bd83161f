// Fetches one URL in this process and says what became of it.
#include <cstdio>

#include "fetchpool/fetch.h"

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s URL\n", argv[0]), 2;
  fetchpool::FetchResult page = fetchpool::fetch(argv[1], {.retries = 0});
  if (!page.ok()) return std::fprintf(stderr, "%s: %s\n", argv[1], page.error.c_str()), 1;
  std::printf("%d, %zu bytes of %s\n", page.response_code, page.body.size(),
              page.content_type.c_str());
}
