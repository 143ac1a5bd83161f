// Tasks that wait for a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "fetchpool/bytes.h"
#include "fetchpool/detail/task_function.h"

namespace fetchpool::detail {
class Call;
}

namespace fetchpool::pool {

// A chunk of a call, or what is left of it: `count` elements from element `first` of the call on.
struct Task {
  std::shared_ptr<detail::Call> call;
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t skip = 0;  // elements whose arguments come before theirs
  int attempts = 0;      // that each of them has spent
  detail::TaskAddress function{};
  Bytes arguments{};

  // The first `done` elements are taken off, and returned.
  Task split(std::size_t done);
};

// What the loss of its worker means for a task of which nothing unanswered may be run twice.
struct Loss {
  std::size_t unanswered = 0;  // elements at its start that ran, but whose answers are lost
  bool culprit = false;        // the element after them was running
};
// `begun`: how many elements of the task the worker had begun; `running`: whether the last of them
// had not ended. Of an element that ended without its answer having arrived nobody knows the
// result, so it is lost with the worker.
Loss judge_loss(const Task& task, std::size_t begun, bool running);

// First in, first out; pure bookkeeping.
class TaskQueue {
 public:
  bool empty() const { return tasks_.empty(); }
  std::size_t size() const { return tasks_.size(); }
  void add(Task task) { tasks_.push_back(std::move(task)); }
  // To the front, in their order: they were taken before.
  void put_back(std::vector<Task> tasks);
  const Task& front() const { return tasks_.front(); }
  // Requires that it is not empty.
  Task take();
  // Takes out all tasks of `call`, or all there are.
  std::vector<Task> remove(const detail::Call& call);
  std::vector<Task> remove_all();

 private:
  std::deque<Task> tasks_;
};

}  // namespace fetchpool::pool
