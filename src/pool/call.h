// A call of a Pool: its elements, and what became of them.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/posix.h"
#include "fetchpool/detail/call.h"
#include "fetchpool/detail/pool_face.h"

namespace fetchpool::detail {

// Shared by the results the user holds and the tasks of the Pool. Thread-safe, but only one thread
// (the Pool's) delivers.
class Call : public std::enable_shared_from_this<Call> {
 public:
  struct Settings {
    int attempts = 1;
    std::chrono::nanoseconds task_timeout{0};
    bool fail_fast = false;
    Finish finish{};
    std::function<void(std::size_t, std::size_t)> progress{};
  };

  // One that delivers one by one gets elements as long as it lasts, and is never ready.
  Call(std::weak_ptr<PoolCore> pool, Settings settings, std::size_t elements, Delivery delivery);

  const Settings& settings() const { return settings_; }
  std::size_t size() const { return size_; }
  std::shared_ptr<PoolCore> pool() const { return pool_.lock(); }

  // The Pool's side. True: that was the last element, and end() is due.
  bool deliver(Segment segment);
  std::size_t delivered() const;
  // Makes it ready. Runs the callbacks first, so where there are some, it is for the callback
  // thread.
  void end();

  // The user's side.
  bool is_ready() const;
  void wait() const;
  bool wait_for(std::chrono::nanoseconds timeout) const;
  const std::vector<Segment>& segments() const { return segments_; }
  std::exception_ptr replacement() const { return replacement_; }
  Segment take_segment(std::optional<std::size_t> wanted,
                       std::optional<std::chrono::nanoseconds> timeout);

 private:
  void check_thread() const;
  bool is_streaming() const {
    return delivery_ == Delivery::in_order || delivery_ == Delivery::as_it_comes;
  }
  bool has(std::optional<std::size_t> wanted) const;

  const std::weak_ptr<PoolCore> pool_;
  const Settings settings_;
  const std::size_t size_;
  const Delivery delivery_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool is_ready_ = false;
  std::size_t delivered_ = 0;
  std::vector<Segment> segments_;          // at_end
  std::map<std::size_t, Segment> stream_;  // else, by first element or by arrival
  std::size_t arrivals_ = 0;
  std::size_t stream_bytes_ = 0;
  std::exception_ptr replacement_;
};

}  // namespace fetchpool::detail
