// Lazy maps.
#include <set>

#include "counting_input.h"
#include "support/catch.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

template <class Result>
std::vector<int> all_of(Result result) {
  std::vector<int> values;
  for (int value : result) values.push_back(value);
  return values;
}

TEST_CASE("P14 imap gives values in order, then the end", "[pool]") {
  Pool pool(4);
  CHECK(all_of(pool.imap(square, numbers(10))) == squares(10));
  auto result = pool.imap(square, numbers(10));
  for (int i = 0; i < 10; ++i) CHECK(result.next() == i * i);
  CHECK_FALSE(result.next());
  CHECK_FALSE(result.next());
  CHECK(all_of(pool.imap(square, numbers(1000), {.chunksize = 100})) == squares(1000));
}

TEST_CASE("P15 P16 P17 imap raises what its input throws, when its place has come", "[pool]") {
  Pool pool(2);
  for (int again = 0; again < 2; ++again)
    CHECK_THROWS_AS(pool.imap(square, CountingInput(10, 0)).next(), std::out_of_range);
  struct {
    int count, bad;
    std::size_t chunksize;
    int values;
  } cases[] = {{10, 3, 1, 3}, {20, 7, 2, 6}, {20, 7, 4, 4}};
  for (const auto& each : cases) {
    auto result =
        pool.imap(square, CountingInput(each.count, each.bad), {.chunksize = each.chunksize});
    for (int i = 0; i < each.values; ++i) CHECK(result.next() == i * i);
    CHECK_THROWS_AS(result.next(), std::out_of_range);
    CHECK_FALSE(result.next());
  }
}

TEST_CASE("P18 imap_unordered gives every value once", "[pool]") {
  Pool pool(4);
  for (std::size_t chunksize : {1, 100}) {
    auto values = all_of(pool.imap_unordered(square, numbers(1000), {.chunksize = chunksize}));
    std::sort(values.begin(), values.end());
    CHECK(values == squares(1000));
  }
}

TEST_CASE("P19 imap_unordered raises what its input throws, after right values", "[pool]") {
  Pool pool(2);
  struct {
    int count, bad;
    std::size_t chunksize, values;
  } cases[] = {{10, 0, 1, 0}, {10, 3, 1, 3}, {20, 7, 2, 6}};
  for (const auto& each : cases) {
    auto result = pool.imap_unordered(square, CountingInput(each.count, each.bad),
                                      {.chunksize = each.chunksize});
    std::set<int> seen;
    auto read_all = [&] {
      while (auto value = result.next()) seen.insert(*value);
    };
    CHECK_THROWS_AS(read_all(), std::out_of_range);
    CHECK(seen.size() == each.values);
  }
}

TEST_CASE("P47 X16 imap reads a bounded part of an endless input", "[pool]") {
  Pool pool(2);
  bool ordered = GENERATE(true, false);
  CountingInput input(-1);
  CallOptions options{.max_in_flight = 5};
  auto result =
      ordered ? pool.imap(square, input, options) : pool.imap_unordered(square, input, options);
  CHECK(input.consumed() == 5);
  std::set<int> seen;
  for (int i = 0; i < 20; ++i) {
    auto value = result.next();
    if (ordered) CHECK(value == i * i);
    seen.insert(*value);
    CHECK(input.consumed() == 6 + i);
  }
  CHECK(seen.size() == 20);
  CountingInput unread(-1);
  auto by_default = pool.imap(square, unread);
  CHECK(unread.consumed() == 4);
}

TEST_CASE("an element above max_message ends an imap with an error, after what came before it",
          "[pool]") {
  PoolOptions options;
  options.processes = 2;
  options.max_message = 4096;
  Pool pool(options);
  std::vector<std::string> input = {"1", std::string(5000, '0'), "3"};
  for (bool ordered : {true, false}) {
    auto results = ordered ? pool.imap(parse_int, input) : pool.imap_unordered(parse_int, input);
    CHECK(results.next() == 1);
    CHECK_THROWS_AS(results.next(), SerializationError);
    CHECK_FALSE(results.next());
  }
  std::vector<int> pids = pool.worker_pids();
  CHECK(pool.map(parse_int, std::vector<std::string>{"4"}) == std::vector<int>{4});
  // Nobody died of it.
  CHECK(pool.worker_pids() == pids);
  pool.close();
  pool.join();
}

TEST_CASE("P48 a pool with an unread imap can be closed and terminated", "[pool]") {
  Pool pool(2);
  auto result = pool.imap(square, numbers(1000), {.max_in_flight = 2});
  CHECK(result.next() == 0);
  if (GENERATE(true, false))
    pool.close();
  else
    pool.terminate();
  pool.join();
}

TEST_CASE("after close an imap ends with what it has read", "[pool]") {
  Pool pool(2);
  auto result = pool.imap(square, numbers(1000), {.max_in_flight = 4});
  pool.close();
  int count = 0;
  while (result.next()) ++count;
  CHECK(count == 4);
  pool.join();
}

TEST_CASE("P49 a chunk size of 0 stands for the default", "[pool]") {
  Pool pool(2);
  CHECK(all_of(pool.imap(square, numbers(9), {.chunksize = 0})) == squares(9));
}

TEST_CASE("an error of one element of an imap leaves those after it readable", "[pool]") {
  Pool pool(2);
  auto third_fails = [](int x) { return x == 2 ? throw std::runtime_error("third") : x; };
  auto result = pool.imap(third_fails, numbers(4));
  CHECK(result.next() == 0);
  CHECK(result.next() == 1);
  CHECK_THROWS_WITH(result.next(), "third");
  CHECK(result.next() == 3);
  CHECK_FALSE(result.next());
}

TEST_CASE("next with a timeout can be tried again", "[pool]") {
  Pool pool(1);
  auto result = pool.imap(
      [](int x) {
        sleep_ms(200);
        return x;
      },
      numbers(1));
  CHECK_THROWS_AS(result.next(10ms), TimeoutError);
  CHECK(result.next(10s) == 0);
}

TEST_CASE("an imap that is dropped cancels what has not begun", "[pool]") {
  Pool pool(1);
  { auto dropped = pool.imap(sleep_ms, std::vector<int>(1000, 20), {.max_in_flight = 500}); }
  auto begin = std::chrono::steady_clock::now();
  CHECK(pool.apply(square, 3) == 9);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("X17 a slow reader of large results bounds what is in flight", "[pool]") {
  Pool pool(2);
  CountingInput input(200);
  auto result = pool.imap([](int) { return std::string(1 << 20, 'x'); }, input);
  for (int i = 0; i < 100; ++i) {
    CHECK(result.next()->size() == 1 << 20);
    CHECK(input.consumed() <= i + 1 + 4);
  }
}

}  // namespace
}  // namespace fetchpool::test
