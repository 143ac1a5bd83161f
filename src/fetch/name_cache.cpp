#include "fetch/name_cache.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 5min;
constexpr auto kGoodEnough = 1h;
constexpr auto kNotFound = 1min;
constexpr auto kTold = 1s;

}  // namespace

NameCache::Found NameCache::find(const std::string& name, TimePoint now) const {
  auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  auto age = now - entry.since;
  switch (entry.answer.kind) {
    case NameAnswer::Kind::found:
      return age < kGoodEnough ? Found{&entry.answer, age >= kFresh} : Found{};
    case NameAnswer::Kind::not_found:
      return age < kNotFound ? Found{&entry.answer, false} : Found{};
    case NameAnswer::Kind::failed:
    case NameAnswer::Kind::local_shortage:
      break;
  }
  return {};
}

bool NameCache::was_told(const std::string& name, int port, TimePoint now) {
  auto found = entries_.find(name);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  if (entry.told_port == port && now - entry.told < kTold) return true;
  entry.told_port = port;
  entry.told = now;
  return false;
}

void NameCache::put(const std::string& name, NameAnswer answer, TimePoint now) {
  using Kind = NameAnswer::Kind;
  if (answer.kind != Kind::found && answer.kind != Kind::not_found) return;
  entries_[name] = {std::move(answer), now, -1, {}};
  by_age_.emplace_back(name, now);
  make_room();
}

void NameCache::forget(const std::string& name) {
  entries_.erase(name);
}

// A name stands in by_age_ once for each answer; only the last of them counts.
void NameCache::make_room() {
  while (by_age_.size() > most_) {
    auto& [name, since] = by_age_.front();
    auto found = entries_.find(name);
    if (found != entries_.end() && found->second.since == since) entries_.erase(found);
    by_age_.pop_front();
  }
}

}  // namespace fetchpool::engine
