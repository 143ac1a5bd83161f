// Fetching URLs: one in this process, or many with a pool of worker processes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetchpool/error.h"
#include "fetchpool/fetch_options.h"
#include "fetchpool/fetch_request.h"
#include "fetchpool/fetch_result.h"

namespace fetchpool {

// Fetches one URL in the calling process: no worker, no fork. What can happen to the URL is in the
// result; it throws Error only for options that make no sense. Thread-safe.
//
// It initialises libcurl in this process. A program that also makes Pools or Fetchers makes them,
// or calls prepare(), before that; they throw Error otherwise.
FetchResult fetch(std::string_view url, const FetchOptions& options = {});
FetchResult fetch(FetchRequest request, const FetchOptions& options = {});

// Which limit of the whole run is reached.
enum class RunLimit { none, time, bytes, failures, failures_percent };

// Fetches all URLs with worker processes and returns their results in the order of `urls`. Holds
// all bodies in memory: for long lists use a Fetcher. Where a limit of the whole run is reached,
// what was not begun ends as cancelled. Throws Error where workers cannot be started.
std::vector<FetchResult> fetch_all(const std::vector<std::string>& urls,
                                   const FetchOptions& options = {});

// Fetches a stream of URLs with worker processes.
//
//   Fetcher fetcher({.processes = 4});
//   while (more to do or fetcher.unfinished() > 0) {
//     while (more to do && fetcher.room() > 0) fetcher.submit(next_url());
//     for (FetchResult& result : fetcher.wait(1s)) use(result);
//   }
//
// Passive: it has no thread, and works while wait() runs. Results come as they finish, in any
// order (`seq` says which is which), or with options.ordered in that of submission. Every request
// submitted ends as exactly one result. Not thread-safe; different Fetchers may be used by
// different threads.
class Fetcher {
 public:
  // Starts the worker processes. Throws Error where the process has threads and neither prepare()
  // was called nor options.allow_threads set, or where an option makes no sense.
  explicit Fetcher(const FetchOptions& options = {});
  // Ends the workers at once; what is unfinished is dropped.
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;
  Fetcher(Fetcher&&) noexcept;
  Fetcher& operator=(Fetcher&&) noexcept;

  // How many requests it takes now. It holds a bounded number: as many as are needed to keep all
  // workers busy, from 1024 to 8192.
  std::size_t room() const;
  // Queues one URL and returns its number. Requires room() > 0.
  std::uint64_t submit(std::string_view url);
  std::uint64_t submit(FetchRequest request);
  // Gives a number to what needs no request: `known` comes back from wait() with its `seq` set, so
  // that it has its place in the order. Requires room() > 0.
  std::uint64_t submit_known(FetchResult known);
  // Requests submitted whose results were not yet returned by wait().
  std::size_t unfinished() const;

  // Works until results are there or the timeout has passed (nothing: until there are some, or
  // nothing is unfinished), and returns them; empty after a timeout, and where room() was 0 and is
  // not any more. The vector is the Fetcher's,
  // valid until the next call; its results may be moved from. Throws PoolBroken where workers
  // cannot be started any more.
  std::vector<FetchResult>& wait(std::optional<std::chrono::nanoseconds> timeout);
  // A descriptor that is readable when wait() has something to do, for poll loops.
  int poll_fd() const;

  // Holds back (or lets go again) what has not been started; running transfers go on, and so does
  // the oldest unfinished request, for which whoever puts results in order may be waiting. With
  // `oldest_too` that one is held back as well: the results in order have nowhere to go.
  void hold(bool on, bool oldest_too = false);
  // Starts nothing more; what was not begun ends as cancelled, running transfers go on to their
  // ends but are not retried or redirected further (they then end as cancelled, too).
  void stop();
  // As stop(), and ends running transfers now, as cancelled.
  void cancel();

  // Which limit of the options has stopped it.
  RunLimit limit_reached() const;

  // Transfers running now, requests waiting, worker processes replaced so far, and the attempts
  // beyond the first of all requests that have ended.
  struct Counts {
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::uint64_t workers_replaced = 0;
    std::uint64_t retries = 0;
  };
  Counts counts() const;
  // Process ids of the workers, for tests and messages.
  std::vector<int> worker_pids() const;
  // What should be told to the person at the terminal, once each ("concurrency lowered to 40:
  // the limit of open files is 64").
  std::vector<std::string> take_warnings();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The library's version, as in "0.1.0".
std::string_view version();

}  // namespace fetchpool
