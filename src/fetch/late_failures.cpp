#include "fetch/late_failures.h"

#include <algorithm>
#include <utility>

namespace fetchpool::engine {
namespace {

// Longer than anybody stays away.
constexpr std::chrono::seconds kKept{2};

}  // namespace

void LateFailures::put(const std::string& name, NameAnswer failure, TimePoint now) {
  while (!failures_.empty() && now - failures_.front().since >= kKept) failures_.pop_front();
  failures_.push_back({name, std::move(failure), now});
}

const NameAnswer* LateFailures::find(const std::string& name, TimePoint now) const {
  auto found = std::find_if(failures_.rbegin(), failures_.rend(), [&](const Failure& failure) {
    return failure.name == name && now - failure.since < kKept;
  });
  return found == failures_.rend() ? nullptr : &found->answer;
}

void LateFailures::forget(const std::string& name) {
  std::erase_if(failures_, [&](const Failure& failure) { return failure.name == name; });
}

}  // namespace fetchpool::engine
