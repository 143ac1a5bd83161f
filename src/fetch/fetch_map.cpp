#include "fetchpool/fetch_map.h"

#include "fetch/engine.h"

namespace fetchpool::detail {

void map_pages(const std::vector<std::string>& urls, const PageTask& task,
               const FetchOptions& options, const std::function<void(FetchResult&&)>& take) {
  FetchOptions raw = options;
  raw.body = BodyForm::raw;
  raw.ordered = false;
  engine::Engine engine(raw, task);
  std::size_t submitted = 0;
  while (submitted < urls.size() || engine.unfinished() > 0) {
    for (; submitted < urls.size() && engine.room() > 0; ++submitted)
      engine.submit(urls[submitted]);
    for (FetchResult& result : engine.wait(std::nullopt)) take(std::move(result));
  }
}

bool has_value(Decoder& answer) {
  return answer.raw<bool>();
}

}  // namespace fetchpool::detail
