// Maps a function over a list of URLs: each call runs in a worker process.
#include <cstdio>
#include <string>
#include <vector>

#include "fetchpool/fetch.h"
#include "fetchpool/pool.h"

// The page's title; whatever is done here with the page is done on all cores.
std::string fetch_url(const std::string& url) {
  std::string page = fetchpool::fetch(url).body.str();
  std::size_t begin = page.find("<title>"), end = page.find("</title>");
  return end == std::string::npos ? "(no title)" : page.substr(begin + 7, end - begin - 7);
}

int main(int argc, char** argv) {
  std::vector<std::string> urls(argv + 1, argv + argc);
  fetchpool::Pool pool(4);
  for (const std::string& title : pool.map(fetch_url, urls)) std::printf("%s\n", title.c_str());
  pool.close();
  pool.join();
}
