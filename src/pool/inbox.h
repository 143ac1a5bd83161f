// What the users of a Pool want from its thread.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "pool/task_queue.h"

namespace fetchpool::pool {

struct CancelRequest {
  std::shared_ptr<detail::Call> call;
  bool running = false;
  std::promise<bool>* answer = nullptr;  // null: nobody asks
};

struct Commands {
  std::vector<Task> tasks;
  std::vector<std::shared_ptr<detail::Call>> ended;  // calls without elements
  std::vector<CancelRequest> cancels;                // to be done after the tasks were taken
  bool close = false;
  bool terminate = false;
};

// Thread-safe.
class Inbox {
 public:
  Inbox();

  // Changes what waits to be taken. False: it is shut, nothing was done.
  template <class Change>
  bool post(Change change) {
    std::lock_guard lock(mutex_);
    if (shut_) return false;
    change(commands_);
    wake();
    return true;
  }
  Commands take();
  // The last ones; from now on post() returns false.
  Commands shut();

  // Readable when there is something to take.
  int fd() const { return wake_.get(); }

 private:
  void wake();

  std::mutex mutex_;
  Commands commands_;
  UniqueFd wake_;
  bool woken_ = false;
  bool shut_ = false;
};

}  // namespace fetchpool::pool
