// One URL with what is special about it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "fetchpool/fetch_options.h"

namespace fetchpool {

// What is empty is as FetchOptions say. A request that makes no sense (a method that is none, a
// header with a line end) ends as bad_url.
struct FetchRequest {
  std::string url{};
  std::string id{};   // of the caller; comes back as FetchResult::id
  std::string out{};  // name for the body, of the caller; comes back as FetchResult::out
  std::string method{};
  // Beside those of FetchOptions, and in place of those with the same name.
  std::vector<HeaderLine> headers{};
  // Sent in place of FetchOptions::data.
  std::optional<std::string> body{};
  std::optional<std::chrono::milliseconds> max_time{};
};

}  // namespace fetchpool
