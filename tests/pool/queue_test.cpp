// The decisions of the Pool, without processes.
#include "pool/call.h"
#include "pool/prefetch_window.h"
#include "pool/task_queue.h"
#include "support/catch.h"

namespace fetchpool::pool {
namespace {

using namespace std::chrono_literals;

Task chunk(std::size_t first, std::size_t count) {
  Task task;
  task.first = first;
  task.count = count;
  return task;
}

TEST_CASE("tasks that come back go to the front, in their order", "[queue]") {
  TaskQueue queue;
  queue.add(chunk(3, 1));
  queue.put_back({chunk(1, 1), chunk(2, 1)});
  for (std::size_t i = 1; i <= 3; ++i) CHECK(queue.take().first == i);
  CHECK(queue.empty());
}

TEST_CASE("the tasks of one call can be taken out", "[queue]") {
  auto one = std::make_shared<detail::Call>(std::weak_ptr<detail::PoolCore>(),
                                            detail::Call::Settings(), 2, detail::Delivery::at_end);
  TaskQueue queue;
  for (std::size_t i = 0; i < 4; ++i) {
    queue.add(chunk(i, 1));
    Task task = chunk(i, 1);
    task.call = one;
    queue.add(task);
  }
  CHECK(queue.remove(*one).size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(queue.take().first == i);
}

TEST_CASE("a task that had not begun loses nothing with its worker", "[queue]") {
  Loss loss = judge_loss(chunk(0, 5), 0, false);
  CHECK(loss.unanswered == 0);
  CHECK_FALSE(loss.culprit);
}

TEST_CASE("of a chunk, the element that ran is to blame, and those before it are unanswered",
          "[queue]") {
  Loss running = judge_loss(chunk(0, 5), 3, true);
  CHECK(running.unanswered == 2);
  CHECK(running.culprit);
  Loss between = judge_loss(chunk(0, 5), 3, false);
  CHECK(between.unanswered == 3);
  CHECK_FALSE(between.culprit);
}

TEST_CASE("splitting a task keeps the place of its elements", "[queue]") {
  Task task = chunk(10, 5);
  Task head = task.split(2);
  CHECK(head.first == 10);
  CHECK(head.count == 2);
  CHECK(task.first == 12);
  CHECK(task.count == 3);
  CHECK(task.skip == 2);
}

TEST_CASE("short tasks are sent ahead, long ones are not", "[queue]") {
  PrefetchWindow window;
  CHECK(window.size() == 1);
  window.note(1us);
  CHECK(window.size() == 256);
  window.note(50ms);
  CHECK(window.size() == 1);
  for (int i = 0; i < 200; ++i) window.note(100us);
  CHECK(window.size() >= 2);
  CHECK(window.size() <= 6);
}

}  // namespace
}  // namespace fetchpool::pool
