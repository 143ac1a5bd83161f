// What Python's own tests ask of apply, map and starmap.
#include <signal.h>

#include "support/catch.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("P01 apply calls a function in a worker", "[pool]") {
  Pool pool(4);
  CHECK(pool.apply(square, 5) == 25);
  CHECK(pool.apply([](int x) { return x + 1; }, 3) == 4);
  CHECK(pool.apply([](auto text) { return text + "!"; }, "hello") == "hello!");
}

TEST_CASE("P02 map gives what a sequential map gives", "[pool]") {
  Pool pool(4);
  CHECK(pool.map(square, numbers(10)) == squares(10));
  CHECK(pool.map(square, numbers(100), {.chunksize = 20}) == squares(100));
}

TEST_CASE("P26 an exception in a task arrives with its message and spares the worker", "[pool]") {
  Pool pool(1);
  CHECK_THROWS_WITH(pool.apply(throw_boom, 1), "boom");
  CHECK(pool.apply(square, 3) == 9);
}

TEST_CASE("X03 a lost worker fails only its task and says how it ended", "[pool]") {
  Pool pool(2);
  auto lost = pool.apply_async(kill_self, int{SIGKILL});
  auto fine = pool.apply_async(square, 4);
  CHECK(fine.get() == 16);
  try {
    lost.get();
    FAIL("no error");
  } catch (const WorkerLost& error) {
    CHECK(error.status() == ExitStatus::signaled(SIGKILL));
    CHECK(error.attempts() == 1);
    CHECK(error.task() == 0);
  }
  CHECK(pool.apply(square, 3) == 9);
}

TEST_CASE("P21 terminate ends what runs for ever", "[pool]") {
  Pool pool(3);
  auto result = pool.map_async(sleep_forever, numbers(10000), {.chunksize = 1});
  pool.terminate();
  pool.join();
  CHECK_THROWS_AS(result.get(), PoolTerminated);
}

}  // namespace
}  // namespace fetchpool::test
