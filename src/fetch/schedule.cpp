#include "fetch/schedule.h"

#include <algorithm>
#include <functional>

namespace fetchpool::engine {
namespace {

// Hosts without work that are still remembered as known.
constexpr std::size_t kIdleHosts = 4096;

}  // namespace

struct Schedule::Host {
  enum class Knowledge { unknown, trying, known };

  HostId id = 0;
  std::string name;
  std::size_t hash = 0;
  Knowledge knowledge = Knowledge::unknown;
  TimePoint gate_opens{};  // while trying
  TimePoint paused_until{};
  // Tickets in the order of submission, and those that came back out of order.
  std::deque<Entry> fresh;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> returned;
  std::vector<int> at_worker;  // hops sent and not ended, by worker
  int alone = 0;
  int running = 0;        // transfers that run now, at workers and alone
  std::size_t timed = 0;  // tickets that wait for their time
  bool in_ready = false;
  bool in_full = false;
  bool idle = false;
  std::uint64_t listed_rank = 0;  // under which it stands in ready_ or full_

  bool has_waiting() const { return !fresh.empty() || !returned.empty(); }
  bool is_busy() const { return running > 0 || timed > 0 || has_waiting(); }
  bool returned_first() const {
    return !returned.empty() && (fresh.empty() || returned.top().rank < fresh.front().rank);
  }
  const Entry& front() const { return returned_first() ? returned.top() : fresh.front(); }
  void pop() {
    if (returned_first())
      returned.pop();
    else
      fresh.pop_front();
  }
};

Schedule::Schedule(const Options& options) : options_(options) {
  for (int worker = 0; worker < options_.workers; ++worker) usable_.push_back(worker);
}
Schedule::~Schedule() = default;

Schedule::HostId Schedule::host(std::string_view origin) {
  std::string name(origin);
  if (auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  HostId id;
  if (free_hosts_.empty()) {
    id = static_cast<HostId>(hosts_.size());
    hosts_.push_back(nullptr);
  } else {
    id = free_hosts_.back();
    free_hosts_.pop_back();
  }
  auto host = std::make_unique<Host>();
  host->id = id;
  host->name = name;
  host->hash = std::hash<std::string>{}(name);
  host->at_worker.assign(static_cast<std::size_t>(options_.workers), 0);
  hosts_[id] = std::move(host);
  by_name_.emplace(std::move(name), id);
  return id;
}

void Schedule::add(HostId host, Ticket ticket, std::uint64_t rank, TimePoint not_before) {
  ++waiting_;
  Entry entry{rank, ticket, false};
  if (not_before == TimePoint{}) {
    enqueue(*hosts_[host], entry);
  } else {
    timers_.push({not_before, host, entry});
    ++hosts_[host]->timed;
  }
}

void Schedule::add_alone(HostId host, Ticket ticket, std::uint64_t rank) {
  ++waiting_;
  enqueue(*hosts_[host], {rank, ticket, true});
}

void Schedule::enqueue(Host& host, const Entry& entry) {
  bool in_order = !entry.alone && (host.fresh.empty() || host.fresh.back().rank < entry.rank);
  if (in_order)
    host.fresh.push_back(entry);
  else
    host.returned.push(entry);
  refresh(host);
}

int Schedule::slots_of(const Host& host) const {
  if (host.knowledge != Host::Knowledge::known) return 1;
  return options_.per_host > 0 ? std::min(options_.per_host, options_.total) : options_.total;
}

// The number of the host's slots that belong to the worker.
int Schedule::quota(const Host& host, int worker) const {
  auto at = std::lower_bound(usable_.begin(), usable_.end(), worker);
  if (at == usable_.end() || *at != worker) return 0;
  auto workers = usable_.size();
  auto place = static_cast<std::size_t>(at - usable_.begin()) + workers - host.hash % workers;
  int slots = slots_of(host);
  int all = static_cast<int>(workers);
  return slots / all + (static_cast<int>(place % workers) < slots % all ? 1 : 0);
}

// Counts the transfers that run: of the hops at a worker as many as the host has slots there. The
// others were sent ahead.
void Schedule::recount(Host& host) {
  int running = host.alone;
  for (int worker = 0; worker < options_.workers; ++worker)
    running += std::min(host.at_worker[static_cast<std::size_t>(worker)], quota(host, worker));
  running_ += running - host.running;
  host.running = running;
}

// Puts the host where next() looks for it.
void Schedule::refresh(Host& host) {
  bool waits = host.has_waiting() && host.paused_until == TimePoint{};
  bool below = host.running < slots_of(host);
  std::uint64_t rank = waits ? host.front().rank : 0;
  auto list = [&](Ready& where, bool& listed, bool wanted) {
    if (listed && (!wanted || rank != host.listed_rank)) {
      where.erase({host.listed_rank, host.id});
      listed = false;
    }
    if (wanted && !listed) {
      where.insert({rank, host.id});
      listed = true;
    }
  };
  list(ready_, host.in_ready, waits && below);
  list(full_, host.in_full,
       waits && !below && options_.ahead > 0 && host.knowledge == Host::Knowledge::known);
  host.listed_rank = rank;
}

void Schedule::fire_timers(TimePoint now) {
  while (!timers_.empty() && timers_.top().at <= now) {
    Timer timer = timers_.top();
    timers_.pop();
    Host* host = hosts_[timer.host].get();
    if (!host) continue;
    if (timer.entry) {
      --host->timed;
      enqueue(*host, *timer.entry);
    }
    if (host->paused_until != TimePoint{} && host->paused_until <= now) host->paused_until = {};
    if (host->knowledge == Host::Knowledge::trying && host->gate_opens <= now)
      host->knowledge = Host::Knowledge::known;
    recount(*host);
    refresh(*host);
  }
}

std::optional<Schedule::Start> Schedule::next(TimePoint now, const std::vector<int>& room,
                                              std::uint64_t highest) {
  fire_timers(now);
  if (auto start = start_real(now, room, highest)) return start;
  return start_ahead(room, highest);
}

std::optional<Schedule::Start> Schedule::start_real(TimePoint now, const std::vector<int>& room,
                                                    std::uint64_t highest) {
  if (running_ >= options_.total) return std::nullopt;
  // Hosts whose workers have no room are passed over, a bounded number of them.
  int tries = 16;
  auto end = ready_.end();
  for (auto at = ready_.begin(); at != end && at->first <= highest && tries > 0; ++at, --tries)
    if (auto start = start_at(*hosts_[at->second], now, room)) return start;
  return std::nullopt;
}

std::optional<Schedule::Start> Schedule::start_at(Host& host, TimePoint now,
                                                  const std::vector<int>& room) {
  Entry entry = host.front();
  Start start{entry.ticket, host.id, kAlone, 1, host.knowledge == Host::Knowledge::unknown};
  if (entry.alone) {
    ++host.alone;
  } else {
    int best = kAlone;
    for (int i = 0; i < options_.workers; ++i) {
      int worker = static_cast<int>((host.hash + static_cast<std::size_t>(i)) %
                                    static_cast<std::size_t>(options_.workers));
      auto w = static_cast<std::size_t>(worker);
      if (room[w] <= 0 || host.at_worker[w] >= quota(host, worker)) continue;
      if (best == kAlone || host.at_worker[w] < host.at_worker[static_cast<std::size_t>(best)])
        best = worker;
    }
    if (best == kAlone) return std::nullopt;
    ++host.at_worker[static_cast<std::size_t>(best)];
    start.worker = best;
    start.quota = static_cast<std::uint32_t>(quota(host, best));
  }
  if (host.knowledge == Host::Knowledge::unknown) {
    host.knowledge = Host::Knowledge::trying;
    host.gate_opens = now + options_.gate;
    timers_.push({host.gate_opens, host.id, std::nullopt});
  }
  take(host);
  return start;
}

std::optional<Schedule::Start> Schedule::start_ahead(const std::vector<int>& room,
                                                     std::uint64_t highest) {
  int tries = 16;
  auto end = full_.end();
  for (auto at = full_.begin(); at != end && at->first <= highest && tries > 0; ++at, --tries) {
    Host& host = *hosts_[at->second];
    // Near the end of what is known to come, a hop sent ahead could wait behind a slow one while
    // other slots are free.
    if (host.front().alone || host.fresh.size() < static_cast<std::size_t>(slots_of(host)))
      continue;
    for (int worker = 0; worker < options_.workers; ++worker) {
      auto w = static_cast<std::size_t>(worker);
      int slots = quota(host, worker);
      if (room[w] <= 0 || slots == 0 || host.at_worker[w] < slots ||
          host.at_worker[w] >= slots * (1 + options_.ahead))
        continue;
      Start start{host.front().ticket, host.id, worker, static_cast<std::uint32_t>(slots), false};
      ++host.at_worker[w];
      take(host);
      return start;
    }
  }
  return std::nullopt;
}

void Schedule::take(Host& host) {
  host.pop();
  --waiting_;
  recount(host);
  refresh(host);
}

void Schedule::connected(HostId id) {
  Host& host = *hosts_[id];
  if (host.knowledge == Host::Knowledge::known) return;
  host.knowledge = Host::Knowledge::known;
  recount(host);
  refresh(host);
}

void Schedule::set_total(int total) {
  options_.total = total;
  look_at_all_hosts();
}

void Schedule::set_usable(int worker, bool usable) {
  auto at = std::lower_bound(usable_.begin(), usable_.end(), worker);
  bool was = at != usable_.end() && *at == worker;
  if (was == usable) return;
  if (usable)
    usable_.insert(at, worker);
  else if (usable_.size() > 1)
    usable_.erase(at);
  look_at_all_hosts();
}

void Schedule::look_at_all_hosts() {
  for (auto& host : hosts_) {
    if (!host) continue;
    recount(*host);
    refresh(*host);
  }
}

void Schedule::ended(HostId id, int worker) {
  Host& host = *hosts_[id];
  if (worker == kAlone)
    --host.alone;
  else
    --host.at_worker[static_cast<std::size_t>(worker)];
  recount(host);
  // A first transfer that ended without a connection says nothing: the next one tries alone again.
  if (host.knowledge == Host::Knowledge::trying && host.running == 0)
    host.knowledge = Host::Knowledge::unknown;
  refresh(host);
  retire(host);
}

void Schedule::pause(HostId id, TimePoint until) {
  Host& host = *hosts_[id];
  if (until <= host.paused_until) return;
  host.paused_until = until;
  timers_.push({until, id, std::nullopt});
  refresh(host);
}

std::optional<TimePoint> Schedule::next_time() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.top().at;
}

std::vector<Schedule::Ticket> Schedule::drop_waiting() {
  std::vector<Ticket> dropped;
  for (auto& host : hosts_) {
    if (!host) continue;
    for (; host->has_waiting(); host->pop()) dropped.push_back(host->front().ticket);
    host->timed = 0;
    refresh(*host);
  }
  for (; !timers_.empty(); timers_.pop())
    if (timers_.top().entry) dropped.push_back(timers_.top().entry->ticket);
  waiting_ = 0;
  return dropped;
}

// Remembers a host without work for a while, so that it is known when it comes again, and forgets
// the one that has been idle for longest.
void Schedule::retire(Host& host) {
  if (host.idle || host.is_busy()) return;
  host.idle = true;
  idle_.push_back(host.id);
  while (idle_.size() > kIdleHosts) {
    HostId id = idle_.front();
    idle_.pop_front();
    Host& oldest = *hosts_[id];
    oldest.idle = false;
    if (oldest.is_busy() || oldest.paused_until != TimePoint{}) continue;
    by_name_.erase(oldest.name);
    free_hosts_.push_back(id);
    hosts_[id] = nullptr;
  }
}

}  // namespace fetchpool::engine
