// Pools of a program that has threads.
#include <csignal>

#include "fetchpool/prepare.h"
#include "process/busy_threads.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

TEST_CASE("without prepare() a pool beside threads is an error that says what to do", "[threads]") {
  process::BusyThreads threads;
  CHECK_THROWS_WITH(Pool(2), ContainsSubstring("prepare()"));
}

TEST_CASE("after prepare() a host full of held locks makes and uses any number of pools",
          "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    process::BusyThreads threads;
    for (int i = 0; i < rounds_of(1000); ++i) {
      Pool pool(2);
      if (pool.map(square, numbers(10)) != squares(10)) return false;
      // Every other one ends at work.
      if (i % 2 == 0) pool.drain();
    }
    return true;
  }));
}

TEST_CASE("workers of a pool are replaced beside held locks", "[threads]") {
  CHECK(passes_in_child([] {
    prepare();
    process::BusyThreads threads;
    Pool pool(2);
    for (int i = 0; i < rounds_of(1000); ++i) {
      auto lost = pool.apply_async(kill_self, int{SIGKILL});
      lost.wait();
      if (lost.successful() || pool.apply(square, i % 100) != (i % 100) * (i % 100)) return false;
    }
    return true;
  }));
}

}  // namespace
}  // namespace fetchpool::test
