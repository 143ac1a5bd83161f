// Where the user's function runs in a fetch worker.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/posix.h"
#include "base/unique_fd.h"
#include "fetch/hop.h"
#include "fetch/transfer.h"
#include "fetchpool/detail/page_task.h"
#include "process/status_page.h"

namespace fetchpool::engine {

// A page, and what the function made of it.
struct MappedHop {
  Transfer* transfer = nullptr;  // holds the body
  HopResult result;
  std::string answer;  // as FunctionThread writes it
};

// One thread that calls the function for page after page, so that a slow function delays no
// transfer. A page keeps its transfer, so no more pages can wait than there are transfers.
class FunctionThread {
 public:
  // Runs show in `slot` of the status page, which must outlive the process's work.
  FunctionThread(const detail::PageTask& task, process::StatusPage& status, int slot);
  // Does not wait for a function that runs: to be followed by the end of the process.
  ~FunctionThread();
  FunctionThread(const FunctionThread&) = delete;
  FunctionThread& operator=(const FunctionThread&) = delete;

  void add(Transfer& transfer, HopResult&& result);
  // Readable when there is something to take.
  int fd() const;
  std::vector<MappedHop> take_done();
  // Whether it has no page, running, waiting or done.
  bool is_idle() const { return held_ == 0; }

  // When the function began with the page it works on.
  std::optional<TimePoint> running_since() const;
  // Gives that page up and returns it, if the function still works on it. Its transfer is not to
  // be used again, and the process should end.
  std::optional<MappedHop> give_up_running(const std::string& why);

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;
  std::size_t held_ = 0;
};

}  // namespace fetchpool::engine
