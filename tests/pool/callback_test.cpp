// Callbacks: when they run, what they may do, and what they throw.
#include <atomic>
#include <future>
#include <thread>

#include "base/posix.h"
#include "support/catch.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("P06 map_async calls one of its callbacks once", "[pool]") {
  Pool pool(2);
  int values = 0;
  int errors = 0;
  std::vector<int> seen;
  CallOptions options{.callback =
                          [&](const std::vector<int>& all) {
                            ++values;
                            seen = all;
                          },
                      .error_callback = [&](std::exception_ptr) { ++errors; }};
  pool.map_async(parse_int, std::vector<std::string>{"1"}, options).wait();
  CHECK(values == 1);
  CHECK(errors == 0);
  CHECK(seen == std::vector<int>{1});
  auto failed = pool.map_async(parse_int, std::vector<std::string>{"a"}, options);
  CHECK_THROWS_AS(failed.get(), RemoteError);
  CHECK(values == 1);
  CHECK(errors == 1);
}

TEST_CASE("a callback of another type is refused with both types named", "[pool]") {
  Pool pool(1);
  CHECK_THROWS_WITH(pool.apply_async({.callback = [](long) {}}, square, 1),
                    ContainsSubstring("long") && ContainsSubstring("int"));
}

TEST_CASE("P45 what a callback throws takes the place of the result", "[pool]") {
  Pool pool(2);
  auto result =
      pool.apply_async({.callback = [](int) { throw std::logic_error("callback"); }}, square, 2);
  CHECK_THROWS_AS(result.get(), std::logic_error);
  CHECK_FALSE(result.successful());
  auto mapped =
      pool.map_async(square, numbers(4), {.callback = [](const std::vector<int>&) { throw 7; }});
  CHECK_THROWS_AS(mapped.get(), int);
  CHECK(pool.apply(square, 3) == 9);
  pool.close();
  pool.join();
}

TEST_CASE("P46 what an error callback throws keeps the task's error nested", "[pool]") {
  Pool pool(1);
  auto result = pool.apply_async(
      {.error_callback = [](std::exception_ptr) { throw std::logic_error("callback"); }},
      throw_boom, 1);
  CHECK_THROWS_WITH(result.get(), "callback");
  try {
    result.get();
  } catch (const CallbackError& error) {
    CHECK_THROWS_AS(std::rethrow_exception(error.thrown()), std::logic_error);
    CHECK_THROWS_WITH(error.rethrow_nested(), "boom");
  }
  auto rethrown = pool.apply_async(
      {.error_callback = [](std::exception_ptr error) { std::rethrow_exception(error); }},
      throw_boom, 1);
  CHECK_THROWS_AS(rethrown.get(), RemoteError);
}

TEST_CASE("X18 a callback may submit, cancel, close, read results and terminate", "[pool]") {
  Pool pool(2);
  auto finished = pool.apply_async(square, 9);
  finished.wait();
  std::promise<ApplyResult<int>> submitted;
  auto long_one = pool.apply_async(sleep_ms, 60'000);
  pool.apply_async({.callback =
                        [&](int) {
                          CHECK(finished.get() == 81);
                          CHECK(long_one.cancel(true));
                          submitted.set_value(pool.apply_async(square, 5));
                          CHECK_THROWS_AS(pool.join(), Error);
                          pool.close();
                        }},
                   square, 1)
      .wait();
  CHECK(submitted.get_future().get().get() == 25);
  CHECK_THROWS_AS(long_one.get(), TaskCancelled);
  pool.join();
}

TEST_CASE("X18 a callback may terminate the pool", "[pool]") {
  Pool pool(2);
  auto other = pool.apply_async(sleep_forever, 1);
  auto result = pool.apply_async({.callback = [&](int) { pool.terminate(); }}, square, 1);
  CHECK(result.get() == 1);
  CHECK_THROWS_AS(other.get(), PoolTerminated);
  pool.join();
}

TEST_CASE("a callback may destroy the pool", "[pool]") {
  std::vector<int> before = posix::open_descriptors();
  auto pool = std::make_unique<Pool>(1);
  auto result = pool->apply_async({.callback = [&](int) { pool.reset(); }}, square, 3);
  CHECK(result.get() == 9);
  // The thread of the callback ends by itself, and what is left of the pool with it.
  while (posix::open_descriptors().size() > before.size()) std::this_thread::yield();
}

TEST_CASE("progress counts all elements", "[pool]") {
  Pool pool(2);
  std::size_t last = 0;
  std::size_t total = 0;
  pool.map(square, numbers(50),
           {.chunksize = 5, .progress = [&](std::size_t done, std::size_t all) {
              CHECK(done > last);
              last = done;
              total = all;
            }});
  pool.drain();
  CHECK(last == 50);
  CHECK(total == 50);
}

}  // namespace
}  // namespace fetchpool::test
