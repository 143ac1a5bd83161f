#include "pool/task_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fetchpool::pool {

Task Task::split(std::size_t done) {
  Task head = *this;
  head.count = done;
  first += done;
  count -= done;
  skip += done;
  return head;
}

Loss judge_loss(const Task& task, std::size_t begun, bool running) {
  begun = std::min(begun, task.count);
  bool culprit = begun > 0 && running;
  return {culprit ? begun - 1 : begun, culprit};
}

void TaskQueue::put_back(std::vector<Task> tasks) {
  tasks_.insert(tasks_.begin(), std::make_move_iterator(tasks.begin()),
                std::make_move_iterator(tasks.end()));
}

Task TaskQueue::take() {
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

std::vector<Task> TaskQueue::remove(const detail::Call& call) {
  auto others = std::stable_partition(
      tasks_.begin(), tasks_.end(), [&call](const Task& task) { return task.call.get() == &call; });
  std::vector<Task> removed(std::make_move_iterator(tasks_.begin()),
                            std::make_move_iterator(others));
  tasks_.erase(tasks_.begin(), others);
  return removed;
}

std::vector<Task> TaskQueue::remove_all() {
  std::vector<Task> removed(std::make_move_iterator(tasks_.begin()),
                            std::make_move_iterator(tasks_.end()));
  tasks_.clear();
  return removed;
}

}  // namespace fetchpool::pool
