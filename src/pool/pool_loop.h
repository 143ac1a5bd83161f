// The inside of a Pool: one thread that gives tasks to workers and takes their answers.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "fetchpool/pool_options.h"
#include "pool/callback_thread.h"
#include "pool/inbox.h"
#include "pool/pool_place.h"
#include "pool/pool_state.h"
#include "pool/prefetch_window.h"
#include "pool/task_queue.h"
#include "process/supervisor.h"

namespace fetchpool::pool {

// Owns the workers. Made on the thread of the Pool's constructor, then run() on a thread of its
// own.
class PoolLoop {
 public:
  PoolLoop(const PoolOptions& options, int processes, std::shared_ptr<process::Spawner> spawner,
           Inbox& inbox, PoolState& state, CallbackThread& callbacks);

  // Returns when the pool was closed or terminated and no worker is left. `owner` lives as long as
  // the callback thread.
  void run(const std::shared_ptr<const void>& owner);

 private:
  void turn();
  Clock::duration until_next_look(TimePoint now) const;
  void look_at(TimePoint time) { next_look_ = std::min(next_look_, time); }

  void take_commands();
  void cancel(const CancelRequest& request);
  bool cancel_sent(PoolPlace& place, const detail::Call& call, bool running);

  void dispatch();
  PoolPlace* place_for_next();
  bool can_take(const PoolPlace& place, std::size_t window) const;
  void send(PoolPlace& place, Task task);
  void share_out(TimePoint now);
  bool take_back(PoolPlace& place, std::size_t keep);

  void check_timeouts(TimePoint now);
  void check_timeout(PoolPlace& place, TimePoint now);
  void kill(PoolPlace& place, Killing::Reason reason);

  void handle(const process::Event& event);
  void on_ready(PoolPlace& place, const process::Event& event);
  void on_answer(PoolPlace& place, const process::Event& event);
  void on_exit_answer(PoolPlace& place, const process::Event& event);
  void on_lost(PoolPlace& place, const process::Event& event);
  void lose(PoolPlace& place, Task task, const process::Event& event);
  void fail_lost(Task task, const process::Event& event);
  void put_back_returned();

  void deliver(const std::shared_ptr<detail::Call>& call, detail::Segment segment, bool failed);
  void fail(const Task& task, const std::exception_ptr& error);
  void end_call(const std::shared_ptr<detail::Call>& call);
  void fail_all(const std::exception_ptr& error);

  void recycle();
  void say_goodbye(PoolPlace& place);
  void leave_if_done();
  void finish(const std::exception_ptr& error);
  void note_slow(const Task& task, std::chrono::nanoseconds took);

  const PoolOptions options_;
  Inbox& inbox_;
  PoolState& state_;
  CallbackThread& callbacks_;
  std::shared_ptr<const void> owner_;
  std::optional<process::Supervisor> supervisor_;
  std::vector<PoolPlace> places_;
  TaskQueue queue_;
  PrefetchWindow window_;
  std::vector<Task> returned_;  // by workers that were lost, in this turn
  process::JobId next_job_ = 1;
  TimePoint next_look_ = TimePoint::max();
  bool closed_ = false;
  bool terminated_ = false;
  bool stopping_ = false;
};

}  // namespace fetchpool::pool
