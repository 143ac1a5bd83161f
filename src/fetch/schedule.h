// Which hop may start now, and where: limits, delays and the order of the list.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/posix.h"
#include "fetch/pacer.h"
#include "fetchpool/outcome.h"

namespace fetchpool::engine {

// Decides what starts next. A pure decision: it starts nothing, and time is an argument.
//
// A ticket stands for one hop that waits. Tickets of one host start in the order of their rank
// (the request's number in the list, so that redirects and retries of older requests come first),
// and among the hosts that may start something the one with the lowest rank goes first.
//
// A host has as many connection slots as it may have transfers. Slot i belongs to worker
// (hash of the host + i) mod workers, so that a list of one host uses every worker and a worker's
// kept-alive connections are used again. A worker may be sent a few hops more than the host has
// slots there ("ahead"), which it runs as slots become free; that spares a round trip per hop.
class Schedule {
 public:
  struct Options {
    int total = 128;   // transfers at once
    int per_host = 6;  // transfers at once to one host; 0: no limit but the total
    int workers = 1;
    // Hops sent ahead, for each slot a host has at a worker.
    int ahead = 1;
    // How long an unknown host is held to one transfer at the latest.
    std::chrono::milliseconds gate{1000};
    // The least time between two starts: at all, and at one host.
    Clock::duration interval{0};
    Clock::duration host_interval{0};
    // At one host, the least time from when one request goes out to the next start; or, at random,
    // from half of that to one and a half. Where there is any of these, nothing is sent ahead.
    Clock::duration wait{0};
    bool random_wait = false;
    std::uint64_t seed = 0;
    // Failures in a row after which a host is given up; 0: never.
    int max_host_errors = 0;
  };
  using HostId = std::uint32_t;
  using Ticket = std::uint32_t;

  // Starts that a worker runs alone have no slot: see add_alone().
  static constexpr int kAlone = -1;

  struct Start {
    Ticket ticket;
    HostId host;
    int worker;           // in [0, workers), or kAlone
    std::uint32_t quota;  // transfers at once to this host at this worker
    bool host_is_new;     // the first transfer to a host of which nothing is known
    bool http2;           // the host is known to speak it
  };

  explicit Schedule(const Options& options);
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // The number of the host named by `origin`. Hosts without tickets, pauses or transfers may be
  // forgotten, their numbers used again: keep it no longer than the ticket.
  HostId host(std::string_view origin);

  // Adds a ticket to start at `not_before` or later.
  void add(HostId host, Ticket ticket, std::uint64_t rank, TimePoint not_before = {});
  // The same, to be run by a worker that does nothing else.
  void add_alone(HostId host, Ticket ticket, std::uint64_t rank);

  // The next start, or nothing for now. `room` says how many hops each worker takes. Tickets of a
  // rank above `highest` stay.
  std::optional<Start> next(TimePoint now, const std::vector<int>& room,
                            std::uint64_t highest = std::numeric_limits<std::uint64_t>::max());
  // When something may be able to start that cannot now, unless a transfer ends before.
  std::optional<TimePoint> next_time() const;

  // A transfer to the host stands: it is no longer unknown.
  void connected(HostId host);
  // Whether the host speaks HTTP/2. Its slots at a worker are then streams of one connection, and
  // where there is a limit for each host, one worker has all of them.
  void speaks_http2(HostId host, bool does);
  // A request went out to the host. Needed only where there is a wait.
  void request_went_out(HostId host, TimePoint now);
  // What next() started has ended, in whatever way. `worker` is as in Start.
  void ended(HostId host, int worker);
  // Nothing more starts at the host before `until`.
  void pause(HostId host, TimePoint until);

  // Whether the host answered, or why not. True: with this failure it is given up.
  bool host_failed(HostId host, Outcome how);
  void host_answered(HostId host);
  // How the last request to the host failed, where it was given up. Its tickets are not to be added
  // any more.
  std::optional<Outcome> given_up(HostId host) const;

  // Whether the worker is there at all. The slots of one that is not belong to the others.
  void set_usable(int worker, bool usable);
  // Lowers (or raises) the limit of transfers at once.
  void set_total(int total);
  int total() const { return options_.total; }
  std::chrono::milliseconds gate() const { return options_.gate; }

  // Forgets all tickets, or those of one host, and returns them.
  std::vector<Ticket> drop_waiting();
  std::vector<Ticket> drop_waiting(HostId host);
  std::size_t waiting() const { return waiting_; }
  // Transfers that run; hops sent ahead are not counted.
  int running() const { return running_; }

 private:
  struct Entry {
    std::uint64_t rank;
    Ticket ticket;
    bool alone;
    bool operator>(const Entry& other) const { return rank > other.rank; }
  };
  struct Host;
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Timer {
    TimePoint at;
    HostId host;
    std::optional<Entry> entry;  // to be added; else the host is to be looked at again
    bool operator>(const Timer& other) const { return at > other.at; }
  };
  using Ready = std::set<std::pair<std::uint64_t, HostId>>;

  void enqueue(Host& host, const Entry& entry);
  int running_at(const Host& host, int worker) const;
  void recount(Host& host);
  void count_hop(Host& host, int worker, int change);
  void refresh(Host& host);
  void fire_timers(TimePoint now);
  std::optional<Start> start_real(TimePoint now, const std::vector<int>& room,
                                  std::uint64_t highest);
  std::optional<Start> start_ahead(const std::vector<int>& room, std::uint64_t highest);
  std::optional<Start> start_at(Host& host, TimePoint now, const std::vector<int>& room);
  int slots_of(const Host& host) const;
  int quota(const Host& host, int worker) const;
  void retire(Host& host);
  void take(Host& host, int worker);
  bool keeps_distance() const;
  void keep_distance(Host& host, TimePoint now);
  Clock::duration next_wait();

  void look_at_all_hosts();

  Options options_;
  std::vector<int> usable_;  // workers
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<HostId> free_hosts_;
  std::unordered_map<std::string, HostId, NameHash, std::equal_to<>> by_name_;
  std::deque<HostId> idle_;
  Ready ready_;  // hosts with something waiting, not paused, below their limit
  Ready full_;   // hosts with something waiting that are at their limit: candidates for ahead
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::size_t waiting_ = 0;
  int running_ = 0;
  Pacer pacer_;
  std::optional<TimePoint> pacer_opens_;  // for what could not start because of it
  std::minstd_rand random_;
};

}  // namespace fetchpool::engine
