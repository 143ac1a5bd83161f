// The parent's side of fetching: what to start, on which worker, and what to do with what ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/archive_metadata.h"
#include "fetch/hold_limit.h"
#include "fetch/hop.h"
#include "fetch/ordered_results.h"
#include "fetch/rate_shares.h"
#include "fetch/request_table.h"
#include "fetch/run_limits.h"
#include "fetch/schedule.h"
#include "fetch/solo_lane.h"
#include "fetch/wake_up.h"
#include "fetch/worker_watch.h"
#include "fetchpool/detail/page_task.h"
#include "fetchpool/fetch.h"
#include "process/supervisor.h"

namespace fetchpool::engine {

// Behind Fetcher, whose promises these are.
class Engine {
 public:
  // With `task`, bodies of pages that are ok are what it made of them, as FunctionThread writes it.
  explicit Engine(const FetchOptions& options, const detail::PageTask& task = {});

  std::size_t room() const;
  // One that was stopped cancels whatever it is given, and takes any number of it.
  std::uint64_t submit(std::string_view url);
  std::uint64_t submit(FetchRequest&& request);
  std::uint64_t submit_known(FetchResult&& known);
  std::size_t unfinished() const { return held_; }
  std::vector<FetchResult>& wait(std::optional<Clock::duration> timeout);
  int poll_fd() const { return wake_up_.fd(); }

  void hold(bool on, bool oldest_too);
  void stop();
  void cancel();

  bool is_stopped() const { return stopped_; }
  RunLimit limit_reached() const { return limit_reached_; }
  Fetcher::Counts counts() const;
  std::vector<int> worker_pids() const;
  std::vector<std::string> take_warnings();

 private:
  void turn(Clock::duration timeout);
  std::optional<TimePoint> alarm() const;
  Clock::duration until_alarm(TimePoint now) const;
  void prepare_wake_up();
  void warn(std::vector<std::string>&& warnings);

  void dispatch();
  bool lacks_work(bool holds) const;
  void look_at_workers(TimePoint now);
  void send(const Schedule::Start& start, TimePoint now);
  void send_to(int place, const Schedule::Start& start, TimePoint now);
  std::uint32_t& pauses_seen(int place);

  Request& new_request();
  std::uint64_t cancel_unread(Request& request, std::string_view input);
  void on_event(const process::Event& event);
  void on_answer(Request& request, const process::Event& event);
  void on_done(Request& request, HopResult&& hop);
  void end_archive(Request& request, FetchResult& result, std::int64_t date,
                   std::string_view response_id);
  void on_lost(Request& request, const process::Event& event);
  void release(Request& request);

  void pause_host(const Request& request, const HopResult& hop, TimePoint now,
                  std::chrono::system_clock::time_point date);
  void wait_for_name(Request& request, const HopResult& hop);
  void judge_host(const Request& request, const HopResult& hop);
  void skip(Request& request);
  void replace_stuck_worker(const Request& request);
  void share_rate();
  void on_shortage();
  void wait_again(Request& request, TimePoint not_before = {});
  void suspect(Request& request);

  void cancel_request(Request& request);
  void recall_hops();
  void give_back(Request& request, FetchResult&& result);
  void obey_limits(TimePoint now);

  std::vector<std::string> warnings_;
  FetchOptions options_;
  bool has_task_;
  std::optional<archive::MetadataWriter> metadata_;  // where an archive is asked for
  int workers_;
  process::Supervisor supervisor_;
  Schedule schedule_;
  SoloLane solo_;
  RateShares shares_;
  WorkerWatch watch_;
  WakeUp wake_up_;
  RunLimits limits_;
  RunLimit limit_reached_ = RunLimit::none;

  std::vector<int> places_;          // of the workers of the schedule
  std::vector<int> room_;            // of the workers, while dispatching
  std::vector<TimePoint> ready_at_;  // when each worker was last seen ready

  RequestTable requests_;
  HoldLimit hold_limit_;
  std::size_t held_ = 0;    // requests, and results that wait() has not returned
  OrderedResults ordered_;  // where the caller wants them so, before they are finished_
  std::vector<FetchResult> finished_;
  std::vector<FetchResult> results_;  // those that wait() returned last
  bool on_hold_ = false;
  bool oldest_held_ = false;  // on hold, the oldest request as well
  bool stopped_ = false;
  bool cancelled_ = false;
  std::vector<std::uint32_t> pauses_seen_;  // by place
  std::uint64_t retries_ = 0;
  std::uint64_t replaced_ = 0;
  int last_lost_ = 0;  // process id of the worker that was lost last
  int blameless_ = 0;  // of a worker that was ended for what one page did, and that page is known
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace fetchpool::engine
