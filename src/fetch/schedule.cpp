#include "fetch/schedule.h"

#include <algorithm>
#include <functional>

#include "fetch/schedule_host.h"

namespace fetchpool::engine {
namespace {

// Hosts without work that are still remembered as known.
constexpr std::size_t kIdleHosts = 4096;

// Hosts that are looked at in vain for a start, at most.
constexpr int kMostPassedOver = 64;

bool has_any(const std::vector<int>& room) {
  return std::any_of(room.begin(), room.end(), [](int places) { return places > 0; });
}

}  // namespace

Schedule::Schedule(const Options& options)
    : options_(options),
      pacer_(options.interval),
      random_(static_cast<std::minstd_rand::result_type>(options.seed)) {
  if (pacer_.is_on() || keeps_distance()) options_.ahead = 0;
  for (int worker = 0; worker < options_.workers; ++worker) usable_.push_back(worker);
}
Schedule::~Schedule() = default;

Schedule::HostId Schedule::host(std::string_view origin) {
  if (auto found = by_name_.find(origin); found != by_name_.end()) return found->second;
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
  host->name = origin;
  host->hash = NameHash{}(origin);
  host->pacer = Pacer(options_.host_interval);
  host->at_worker.assign(static_cast<std::size_t>(options_.workers), 0);
  hosts_[id] = std::move(host);
  by_name_.emplace(origin, id);
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
  if (host.http2 && options_.per_host > 0) return place % workers == 0 ? slots : 0;
  int all = static_cast<int>(workers);
  return slots / all + (static_cast<int>(place % workers) < slots % all ? 1 : 0);
}

// Of the hops at a worker as many run as the host has slots there; the others were sent ahead.
// Where it has none any more, all were sent while it had some.
int Schedule::running_at(const Host& host, int worker) const {
  int sent = host.at_worker[static_cast<std::size_t>(worker)];
  int slots = quota(host, worker);
  return slots > 0 ? std::min(sent, slots) : sent;
}

// To be called when the quotas of the host may have changed.
void Schedule::recount(Host& host) {
  int running = host.alone;
  for (int worker = 0; worker < options_.workers; ++worker) running += running_at(host, worker);
  running_ += running - host.running;
  host.running = running;
}

// One hop more or fewer at the worker: the others need no look, however many there are.
void Schedule::count_hop(Host& host, int worker, int change) {
  host.sent += change;
  int running = change;
  if (worker == kAlone) {
    host.alone += change;
  } else {
    int before = running_at(host, worker);
    host.at_worker[static_cast<std::size_t>(worker)] += change;
    running = running_at(host, worker) - before;
  }
  host.running += running;
  running_ += running;
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
    if (host->paused_until != TimePoint{} && host->paused_until <= now) {
      host->paused_until = {};
      retire(*host);
    }
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
  return has_any(room) ? start_ahead(room, highest) : std::nullopt;
}

std::optional<Schedule::Start> Schedule::start_real(TimePoint now, const std::vector<int>& room,
                                                    std::uint64_t highest) {
  if (running_ >= options_.total) return std::nullopt;
  pacer_opens_.reset();
  if (pacer_.is_on() && now < pacer_.next()) {
    if (!ready_.empty()) pacer_opens_ = pacer_.next();
    return std::nullopt;
  }
  // Hosts whose workers have no room are passed over.
  int tries = kMostPassedOver;
  auto end = ready_.end();
  for (auto at = ready_.begin(); at != end && at->first <= highest && tries > 0; ++at, --tries)
    if (auto start = start_at(*hosts_[at->second], now, room)) return start;
  return std::nullopt;
}

std::optional<Schedule::Start> Schedule::start_at(Host& host, TimePoint now,
                                                  const std::vector<int>& room) {
  Entry entry = host.front();
  Start start{entry.ticket, host.id, kAlone, 1, host.knowledge == Host::Knowledge::unknown,
              host.http2};
  if (!entry.alone) {
    int best = kAlone;
    for (int i = 0; i < options_.workers; ++i) {
      int worker = static_cast<int>((host.hash + static_cast<std::size_t>(i)) %
                                    static_cast<std::size_t>(options_.workers));
      auto w = static_cast<std::size_t>(worker);
      bool is_better =
          best == kAlone || host.at_worker[w] < host.at_worker[static_cast<std::size_t>(best)];
      if (room[w] > 0 && is_better && host.at_worker[w] < quota(host, worker)) best = worker;
    }
    if (best == kAlone) return std::nullopt;
    start.worker = best;
    start.quota = static_cast<std::uint32_t>(quota(host, best));
  }
  if (host.knowledge == Host::Knowledge::unknown) {
    host.knowledge = Host::Knowledge::trying;
    host.gate_opens = now + options_.gate;
    timers_.push({host.gate_opens, host.id, std::nullopt});
  }
  take(host, start.worker);
  if (pacer_.is_on()) pacer_.start(now);
  if (keeps_distance()) keep_distance(host, now);
  return start;
}

bool Schedule::keeps_distance() const {
  return options_.host_interval.count() > 0 || options_.wait.count() > 0;
}

void Schedule::keep_distance(Host& host, TimePoint now) {
  host.wait = next_wait();
  host.pacer.start(now);
  pause(host.id, std::max(now + host.wait, host.pacer.next()));
}

Clock::duration Schedule::next_wait() {
  if (!options_.random_wait) return options_.wait;
  double part = std::uniform_real_distribution<double>(0.5, 1.5)(random_);
  return std::chrono::duration_cast<Clock::duration>(options_.wait * part);
}

std::optional<Schedule::Start> Schedule::start_ahead(const std::vector<int>& room,
                                                     std::uint64_t highest) {
  int tries = kMostPassedOver;
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
      Start start{host.front().ticket, host.id, worker, static_cast<std::uint32_t>(slots), false,
                  host.http2};
      take(host, worker);
      return start;
    }
  }
  return std::nullopt;
}

void Schedule::take(Host& host, int worker) {
  host.pop();
  --waiting_;
  count_hop(host, worker, 1);
  refresh(host);
}

void Schedule::connected(HostId id) {
  Host& host = *hosts_[id];
  if (host.knowledge == Host::Knowledge::known) return;
  host.knowledge = Host::Knowledge::known;
  recount(host);
  refresh(host);
}

void Schedule::speaks_http2(HostId id, bool does) {
  Host& host = *hosts_[id];
  if (host.http2 == does) return;
  host.http2 = does;
  recount(host);
  refresh(host);
}

// Between start and request there may be a connection to be made, which took its time.
void Schedule::request_went_out(HostId id, TimePoint now) {
  if (options_.wait.count() > 0) pause(id, now + hosts_[id]->wait);
}

bool Schedule::host_failed(HostId id, Outcome how) {
  Host& host = *hosts_[id];
  if (options_.max_host_errors == 0 || host.given_up) return false;
  if (++host.failures < options_.max_host_errors) return false;
  host.given_up = how;
  return true;
}

void Schedule::host_answered(HostId id) {
  hosts_[id]->failures = 0;
}

std::optional<Outcome> Schedule::given_up(HostId id) const {
  return hosts_[id]->given_up;
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
  count_hop(host, worker, -1);
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
  if (timers_.empty()) return pacer_opens_;
  return pacer_opens_ ? std::min(*pacer_opens_, timers_.top().at) : timers_.top().at;
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

std::vector<Schedule::Ticket> Schedule::drop_waiting(HostId id) {
  Host& host = *hosts_[id];
  std::vector<Ticket> dropped;
  for (; host.has_waiting(); host.pop()) dropped.push_back(host.front().ticket);
  std::vector<Timer> others;
  for (; !timers_.empty(); timers_.pop()) {
    const Timer& timer = timers_.top();
    if (timer.host == id && timer.entry)
      dropped.push_back(timer.entry->ticket);
    else
      others.push_back(timer);
  }
  timers_ = decltype(timers_)({}, std::move(others));
  host.timed = 0;
  waiting_ -= dropped.size();
  refresh(host);
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
