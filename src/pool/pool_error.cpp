#include "fetchpool/pool_error.h"

#include <string>

namespace fetchpool {
namespace {

std::string text_of(const WorkerLost::Facts& facts, std::size_t task) {
  std::string text = "the worker (process " + std::to_string(facts.pid) + ") ";
  if (facts.spawner_lost)
    text += "was lost together with the process that makes workers";
  else if (facts.garbage)
    text += "wrote something that is no answer, and was ended";
  else
    text += facts.status.text();
  text += " while it ran task " + std::to_string(task);
  if (facts.attempts > 1) text += " (attempt " + std::to_string(facts.attempts) + ")";
  return text;
}

std::string seconds(std::chrono::nanoseconds time) {
  std::string text = std::to_string(std::chrono::duration<double>(time).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

}  // namespace

WorkerLost::WorkerLost(const Facts& facts, std::size_t task)
    : TaskError(text_of(facts, task), task), facts_(facts) {}

TaskTimeout::TaskTimeout(std::chrono::nanoseconds limit, std::size_t task)
    : TaskError("task " + std::to_string(task) + " ran for longer than " + seconds(limit), task),
      limit_(limit) {}

TaskCancelled::TaskCancelled() : Error("the task was cancelled") {}

PoolTerminated::PoolTerminated() : Error("the pool was terminated before the task had ended") {}

}  // namespace fetchpool
