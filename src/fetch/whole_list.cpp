#include "fetch/whole_list.h"

#include <algorithm>

namespace fetchpool::engine {
namespace {

// Taken at once by an engine that was stopped, and cancels them all.
constexpr std::size_t kCancelledAtOnce = 1000;

}  // namespace

void fetch_all(Engine& engine, const std::vector<std::string>& urls,
               const std::function<void(FetchResult&&)>& take) {
  std::size_t submitted = 0;
  while (submitted < urls.size() || engine.unfinished() > 0) {
    std::size_t room = engine.is_stopped() ? kCancelledAtOnce : engine.room();
    std::size_t end = submitted + std::min(room, urls.size() - submitted);
    while (submitted < end) engine.submit(urls[submitted++]);
    for (FetchResult& result : engine.wait(std::nullopt)) take(std::move(result));
  }
}

}  // namespace fetchpool::engine
