// One worker of a Pool, and what it has to do.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/posix.h"
#include "pool/task_queue.h"
#include "process/supervisor.h"

namespace fetchpool::pool {

// A task that was sent and has not ended.
struct SentTask {
  process::JobId job = 0;
  Task task;
};

// Why the Pool has ended a worker, and for the sake of which element.
struct Killing {
  enum class Reason { timeout, cancel } reason;
  process::JobId job = 0;
  std::size_t element = 0;  // timeout: its number in the call
};

struct PoolPlace {
  int number = 0;
  std::deque<SentTask> tasks;  // in the order in which the worker runs them
  std::size_t bytes = 0;       // of their arguments
  int given = 0;               // tasks given to this worker so far
  // Elements this worker has begun and answered.
  std::uint64_t answered = 0;
  std::optional<Killing> killing;
  process::JobId exit_job = 0;  // 0: not sent, or ended
  bool leaving = false;         // it was told to leave
  bool was_ready = false;       // some worker of this place
  TimePoint asked{};            // when the worker was asked for
  TimePoint ready{};
  Clock::duration alive_before{};  // ready time of earlier workers

  // How long its workers have been ready.
  Clock::duration alive(TimePoint now) const { return alive_before + (now - ready); }

  // A fresh worker is ready.
  void begin(TimePoint now);
  void add(process::JobId job, Task task);
  // The task that was sent as `job`, or null.
  SentTask* find(process::JobId job);
  Task remove(process::JobId job);
};

}  // namespace fetchpool::pool
