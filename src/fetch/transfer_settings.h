// What a worker is told before its first hop.
#pragma once

#include <string>
#include <string_view>

#include "fetchpool/detail/page_task.h"
#include "fetchpool/fetch_options.h"

namespace fetchpool::engine {

// What every hop of a Fetcher has in common: the worker's setup.
struct TransferSettings {
  FetchOptions options;
  // Transfers at once in one worker, and connections it keeps.
  int transfers = 1;
  // The worker's share of options.limit_rate, until it is told another; 0: no limit.
  std::uint64_t bytes_per_second = 0;
  // Requests have their times: one that is sent to a worker must not wait there for a place.
  bool paced = false;
  // To be called on every page that is ok; may be none.
  detail::PageTask task{};

  // Whether bodies are sent and serve nothing else.
  bool only_sends_bodies() const {
    return options.body != BodyForm::none && !options.warc && !task.is_set();
  }

  std::string encode() const;
  static TransferSettings decode(std::string_view bytes);
};

}  // namespace fetchpool::engine
