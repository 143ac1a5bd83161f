// The parent's side of fetching: what to start, on which worker, and what to do with what ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "fetch/hop.h"
#include "fetch/hop_watch.h"
#include "fetch/request.h"
#include "fetch/schedule.h"
#include "fetchpool/fetch.h"
#include "process/supervisor.h"

namespace fetchpool::engine {

// Behind Fetcher, whose promises these are.
class Engine {
 public:
  explicit Engine(const FetchOptions& options);

  std::size_t room() const;
  std::uint64_t submit(std::string_view url);
  std::size_t unfinished() const { return held_; }
  std::vector<FetchResult>& wait(std::optional<Clock::duration> timeout);
  int poll_fd() const { return epoll_.get(); }

  void hold(bool on, bool oldest_too);
  void stop();
  void cancel();

  Fetcher::Counts counts() const;
  std::vector<int> worker_pids() const;
  std::vector<std::string> take_warnings();

 private:
  // Workers for suspects, one job each.
  struct SoloPlace {
    int place;
    bool busy;
  };

  void turn(Clock::duration timeout);
  Clock::duration until_timer(TimePoint now) const;
  void watch_workers();
  void watch_worker(int place, const std::vector<Request*>& sent, TimePoint now);
  void arm_timer();
  void ask_for_turn();
  void take_turn();

  void dispatch();
  void feed_suspects(std::uint64_t highest);
  std::uint64_t lowest_unfinished() const;
  void look_at_workers(TimePoint now);
  void send(const Schedule::Start& start);
  void send_to(int place, const Schedule::Start& start);
  void send_solo();
  std::uint32_t& pauses_seen(int place);
  void close_idle_solo_places();

  void on_event(const process::Event& event);
  void on_answer(Request& request, const process::Event& event);
  void on_done(Request& request, HopResult hop);
  void on_lost(Request& request, const process::Event& event);
  void release(Request& request);
  Request* running(std::uint64_t job);

  void pause_host(const Request& request, const HopResult& hop, TimePoint now,
                  std::chrono::system_clock::time_point date);
  void on_shortage();
  void wait_again(Request& request, TimePoint not_before = {});
  void suspect(Request& request);

  void cancel_request(Request& request);
  void recall_hops();
  Request& new_request();
  void give_back(Request& request, FetchResult&& result);

  std::vector<std::string> warnings_;
  FetchOptions options_;
  int workers_;
  process::Supervisor supervisor_;
  Schedule schedule_;
  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd turn_;  // readable while a turn is asked for
  TimePoint timer_at_ = TimePoint::max();
  bool turn_asked_ = false;

  std::vector<int> places_;          // of the workers of the schedule
  std::vector<int> worker_of_;       // the inverse: -1 for solo places
  std::vector<int> room_;            // of the workers, while dispatching
  std::vector<TimePoint> ready_at_;  // when each worker was last seen ready
  std::vector<SoloPlace> solo_;
  std::vector<HopWatch> watches_;  // by place
  TimePoint next_watch_{};
  std::deque<Schedule::Ticket> suspects_;     // to be run alone, not yet in the schedule
  std::deque<Schedule::Start> solo_pending_;  // started by the schedule, waiting for a place
  std::size_t solo_admitted_ = 0;             // in the schedule, pending or running

  std::deque<Request> requests_;  // by ticket; addresses are stable
  std::vector<Schedule::Ticket> free_;
  std::uint64_t next_seq_ = 0;
  std::uint64_t next_serial_ = 1;
  std::size_t held_ = 0;
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
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace fetchpool::engine
