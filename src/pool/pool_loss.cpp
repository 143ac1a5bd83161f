// What a lost worker means for the tasks it had, and the end of the loop.
#include <algorithm>
#include <utility>

#include "fetchpool/pool_error.h"
#include "pool/call.h"
#include "pool/pool_loop.h"

namespace fetchpool::pool {

using process::Event;

void PoolLoop::on_lost(PoolPlace& place, const Event& event) {
  auto& worker = state_.insights.workers[static_cast<std::size_t>(&place - places_.data())];
  worker.pid = 0;
  place.asked = Clock::now();
  if (place.exit_job == event.job) place.exit_job = 0;
  if (place.find(event.job)) lose(place, place.remove(event.job), event);
}

void PoolLoop::lose(PoolPlace& place, Task task, const Event& event) {
  std::size_t begun = event.begun > place.answered ? event.begun - place.answered : 0;
  // The first task takes what was begun; those after it were not.
  place.answered = std::max(place.answered, event.begun);
  Loss loss = judge_loss(task, begun, event.started);
  bool ours = place.killing && place.killing->job == event.job;
  if (ours && place.killing->reason == Killing::Reason::cancel)
    return fail(task, std::make_exception_ptr(TaskCancelled()));
  if (loss.culprit && ours) {
    Task before = task.split(loss.unanswered);
    if (before.count > 0) fail_lost(std::move(before), event);
    if (task.first == place.killing->element) {
      Task culprit = task.split(1);
      auto limit = culprit.call->settings().task_timeout;
      fail(culprit, std::make_exception_ptr(TaskTimeout(limit, culprit.first)));
    }
  } else if (std::size_t spent = loss.unanswered + (loss.culprit ? 1 : 0); spent > 0) {
    fail_lost(task.split(spent), event);
  }
  if (task.count > 0) returned_.push_back(std::move(task));
}

// These elements have spent an attempt.
void PoolLoop::fail_lost(Task task, const Event& event) {
  ++task.attempts;
  state_.insights.attempts_spent += task.count;
  if (task.attempts < task.call->settings().attempts) {
    returned_.push_back(std::move(task));
    return;
  }
  WorkerLost::Facts facts;
  facts.status = event.status;
  facts.pid = event.pid;
  facts.attempts = task.attempts;
  facts.spawner_lost = event.cause == Event::Cause::spawner_lost;
  facts.garbage = event.cause == Event::Cause::garbage;
  while (task.count > 0) {
    Task element = task.split(1);
    fail(element, std::make_exception_ptr(WorkerLost(facts, element.first)));
  }
}

void PoolLoop::put_back_returned() {
  if (!returned_.empty()) queue_.put_back(std::exchange(returned_, {}));
}

void PoolLoop::fail_all(const std::exception_ptr& error) {
  for (PoolPlace& place : places_)
    for (SentTask& sent : std::exchange(place.tasks, {})) fail(sent.task, error);
  for (const Task& task : std::exchange(returned_, {})) fail(task, error);
  for (const Task& task : queue_.remove_all()) fail(task, error);
}

void PoolLoop::finish(const std::exception_ptr& error) {
  // The workers go first: when a result says that the pool is terminated, nothing runs any more.
  supervisor_.reset();
  Commands last = inbox_.shut();
  for (Task& task : last.tasks) queue_.add(std::move(task));
  fail_all(error);
  for (const auto& call : last.ended) end_call(call);
  for (const CancelRequest& request : last.cancels)
    if (request.answer) request.answer->set_value(false);
  callbacks_.stop();
  std::lock_guard lock(state_.mutex);
  for (auto& worker : state_.insights.workers) worker.pid = 0;
  state_.ended = true;
  state_.all_were_ready = true;
  state_.changed.notify_all();
}

}  // namespace fetchpool::pool
