#include "fetch/host_names.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "fetch/address_class.h"
#include "fetch/transfer.h"
#include "fetch/url.h"

namespace fetchpool::engine {
namespace {

bool is_this_machine(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace

std::optional<NamedHost> named_host(std::string_view url) {
  std::string_view rest = origin_of(url);
  rest.remove_prefix(rest.find("://") + 3);
  if (rest.starts_with('[')) return std::nullopt;
  std::string_view name = rest.substr(0, rest.find(':'));
  bool may_be_address = !name.empty() && is_digit(name.front());
  if (may_be_address && address_class(name) != AddressClass::no_address) return std::nullopt;
  if (is_this_machine(name)) return std::nullopt;
  NamedHost host{std::string(name), url.starts_with("https:") ? 443 : 80};
  if (name.size() < rest.size())
    std::from_chars(rest.data() + name.size() + 1, rest.data() + rest.size(), host.port);
  return host;
}

const NameAnswer* HostNames::find(const std::string& name, Transfer& transfer, TimePoint now) {
  NameCache::Found found = cache_.find(name, now);
  if (found.answer && !found.is_old) return found.answer;
  bool comes_back = transfer.request().waited_for_name.count() > 0;
  if (!found.answer && comes_back)
    if (const NameAnswer* failure = late_failures_.find(name, now)) return failure;
  if (questions_.empty()) silent_since_ = now;
  auto [at, is_new] = questions_.try_emplace(name, Question{now, {}, false});
  if (is_new) {
    late_failures_.forget(name);
    resolver_.ask(name);
  }
  if (!found.answer) at->second.waiting.push_back(&transfer);
  return found.answer;
}

bool HostNames::is_slow(const std::string& name, TimePoint now) const {
  auto found = questions_.find(name);
  if (found == questions_.end()) return false;
  return now - std::min(found->second.asked, silent_since_) >= kPatience;
}

void HostNames::postpone(const std::string& name, const Transfer& transfer) {
  auto found = questions_.find(name);
  if (found == questions_.end()) return;
  std::erase(found->second.waiting, &transfer);
  found->second.is_postponed = true;
}

void HostNames::leave(const std::string& name, const Transfer& transfer) {
  auto found = questions_.find(name);
  if (found == questions_.end()) return;
  std::erase(found->second.waiting, &transfer);
  // What nobody waits for is not asked, if there is still time for that: the answers of a name
  // service that has gone silent would keep those that somebody needs from being asked for.
  if (found->second.waiting.empty() && resolver_.withdraw(name)) questions_.erase(found);
}

std::vector<HostNames::Answered> HostNames::take_answered(TimePoint now) {
  std::vector<Answered> answered;
  for (auto& [name, answer] : resolver_.take_answers()) {
    auto found = questions_.find(name);
    if (found == questions_.end()) continue;
    for (Transfer* transfer : found->second.waiting) answered.push_back({transfer, answer});
    bool failed_late = found->second.is_postponed && answer.kind == NameAnswer::Kind::failed;
    questions_.erase(found);
    // That it failed may be said by the system, after it heard nothing.
    if (answer.kind != NameAnswer::Kind::failed) silent_since_ = now;
    if (failed_late)
      late_failures_.put(name, std::move(answer), now);
    else
      cache_.put(name, std::move(answer), now);
  }
  return answered;
}

}  // namespace fetchpool::engine
