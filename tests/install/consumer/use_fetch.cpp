// Fetches what nobody serves, in two worker processes, and wants to be told so.
#include <fetchpool/fetch.h>
#include <fetchpool/prepare.h>

#include <iostream>

int main() {
  fetchpool::prepare();
  fetchpool::FetchOptions options;
  options.processes = 2;
  options.retries = 0;
  auto results = fetchpool::fetch_all({"http://127.0.0.1:1/", "gopher://127.0.0.1/"}, options);
  for (const auto& result : results)
    std::cout << result.url << " " << static_cast<int>(result.outcome) << "\n";
  return results.size() == 2 && results[0].outcome == fetchpool::Outcome::connect &&
                 results[1].outcome == fetchpool::Outcome::unsupported_scheme
             ? 0
             : 1;
}
