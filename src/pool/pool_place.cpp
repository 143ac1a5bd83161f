#include "pool/pool_place.h"

#include <algorithm>
#include <utility>

namespace fetchpool::pool {

void PoolPlace::begin(TimePoint now) {
  if (was_ready) alive_before += asked - ready;
  given = 0;
  answered = 0;
  killing.reset();
  exit_job = 0;
  leaving = false;
  was_ready = true;
  ready = now;
}

void PoolPlace::add(process::JobId job, Task task) {
  bytes += task.arguments.size();
  ++given;
  tasks.push_back({job, std::move(task)});
}

SentTask* PoolPlace::find(process::JobId job) {
  auto found = std::find_if(tasks.begin(), tasks.end(),
                            [job](const SentTask& sent) { return sent.job == job; });
  return found == tasks.end() ? nullptr : &*found;
}

Task PoolPlace::remove(process::JobId job) {
  auto found = std::find_if(tasks.begin(), tasks.end(),
                            [job](const SentTask& sent) { return sent.job == job; });
  Task task = std::move(found->task);
  bytes -= task.arguments.size();
  tasks.erase(found);
  return task;
}

}  // namespace fetchpool::pool
