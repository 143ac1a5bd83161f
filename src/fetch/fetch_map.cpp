#include "fetchpool/fetch_map.h"

#include "fetch/whole_list.h"

namespace fetchpool::detail {

void map_pages(const std::vector<std::string>& urls, const PageTask& task,
               const FetchOptions& options, const std::function<void(FetchResult&&)>& take) {
  FetchOptions raw = options;
  raw.body = BodyForm::raw;
  raw.ordered = false;
  engine::Engine engine(raw, task);
  engine::fetch_all(engine, urls, take);
}

bool has_value(Decoder& answer) {
  return answer.raw<bool>();
}

}  // namespace fetchpool::detail
