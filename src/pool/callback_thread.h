// The thread that runs what users want to be called with.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "fetchpool/detail/call.h"

namespace fetchpool::pool {

// Runs jobs one after the other on a thread that is started with the first of them. Thread-safe.
class CallbackThread {
 public:
  using Job = std::function<void()>;

  CallbackThread() = default;
  // Requires that stop() was called.
  ~CallbackThread();
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  // `owner` lives as long as the thread.
  void post(Job job, std::shared_ptr<const void> owner);
  // No more jobs come: the thread ends after those it has.
  void stop();
  // Waits until it has ended, until `until` holds no more patience. False: not yet.
  bool wait_ended(std::optional<std::chrono::nanoseconds> timeout);
  void join();
  // Whether the caller is this thread.
  bool is_here() const;

  // Whether the calling thread is one of these, and about to run or running a job of the call's
  // pool.
  static bool is_current(const detail::Call* call);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  bool running_ = false;  // the thread was started and has not ended
  std::thread thread_;
};

// Starts a thread that takes no signals: they are for the host's own threads.
std::thread start_thread(std::function<void()> body);

}  // namespace fetchpool::pool
