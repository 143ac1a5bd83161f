// What Python's own tests ask of apply, map and starmap.
#include <atomic>
#include <iterator>
#include <list>
#include <sstream>

#include "counting_input.h"
#include "support/catch.h"
#include "support/command.h"
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

std::vector<std::pair<int, int>> pairs(int count) {
  std::vector<std::pair<int, int>> all;
  for (int i = 0; i < count; ++i) all.emplace_back(i, count - 1 - i);
  return all;
}

std::vector<int> products(int count) {
  std::vector<int> all;
  for (auto [a, b] : pairs(count)) all.push_back(a * b);
  return all;
}

TEST_CASE("P03 starmap gives what a sequential one gives", "[pool]") {
  Pool pool(4);
  CHECK(pool.starmap(multiply, pairs(10)) == products(10));
  CHECK(pool.starmap(multiply, pairs(100), {.chunksize = 20}) == products(100));
}

TEST_CASE("P04 starmap_async gives what a sequential one gives", "[pool]") {
  Pool pool(4);
  CHECK(pool.starmap_async(multiply, pairs(100)).get() == products(100));
}

TEST_CASE("P05 map_async gives what a sequential map gives", "[pool]") {
  Pool pool(4);
  CHECK(pool.map_async(square, numbers(10)).get() == squares(10));
}

struct Unsendable {
  int value = 0;
  template <class Archive>
  void serialize(Archive&) {
    throw std::invalid_argument("not for sending");
  }
};

TEST_CASE("P07 an argument that cannot be encoded throws its own error", "[pool]") {
  Pool pool(2);
  std::vector<Unsendable> all(10);
  auto take = [](const Unsendable& unsendable) { return unsendable.value; };
  CHECK_THROWS_WITH(pool.map(take, all), "not for sending");
  CHECK_THROWS_AS(pool.apply(take, Unsendable()), std::invalid_argument);
  CHECK(pool.apply(square, 2) == 4);
}

TEST_CASE("P08 an empty map_async is ready at once", "[pool]") {
  Pool pool(2);
  CHECK(pool.map_async(square, std::vector<int>(), {.chunksize = 1}).get(5s).empty());
}

TEST_CASE("P09 P10 P11 P25 an input that throws makes map throw the same, as often as wanted",
          "[pool]") {
  Pool pool(2);
  for (int bad : {0, 0, 3}) {
    CHECK_THROWS_AS(pool.map(square, CountingInput(10, bad)), std::out_of_range);
    CHECK_THROWS_AS(pool.map_async(square, CountingInput(10, bad)), std::out_of_range);
  }
  CHECK(pool.map(square, CountingInput(10, 11)) == squares(10));
}

TEST_CASE("P12 a slow task gives its value when it is done", "[pool]") {
  Pool pool(1);
  auto begin = std::chrono::steady_clock::now();
  auto result = pool.apply_async(slow_square, 7, 200);
  CHECK_FALSE(result.ready());
  CHECK(result.get() == 49);
  CHECK(std::chrono::steady_clock::now() - begin >= 200ms);
  CHECK(result.successful());
  CHECK(result.get() == 49);
}

TEST_CASE("P13 get with a timeout throws TimeoutError and leaves the task running", "[pool]") {
  Pool pool(1);
  auto result = pool.apply_async(slow_square, 6, 300);
  auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(result.get(50ms), TimeoutError);
  CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
  CHECK_THROWS_AS(result.successful(), Error);
  CHECK_FALSE(result.wait(1ms));
  CHECK(result.get(10s) == 36);
}

TEST_CASE("P20 a pool has as many workers as it was asked for", "[pool]") {
  CHECK_THROWS_AS(Pool(0), Error);
  CHECK_THROWS_AS(Pool(-1), Error);
  CHECK_THROWS_AS(Pool({.processes = -1}), Error);
  Pool pool(3);
  auto pids = pool.worker_pids();
  std::sort(pids.begin(), pids.end());
  CHECK(std::unique(pids.begin(), pids.end()) - pids.begin() == 3);
  CHECK(pids.front() > 0);
}

TEST_CASE("P20 a pool without a number has at least one worker", "[pool]") {
  CHECK(Pool().processes() > 0);
}

TEST_CASE("P22 empty inputs give empty results", "[pool]") {
  Pool pool(2);
  std::vector<int> none;
  CHECK(pool.map(square, none).empty());
  CHECK(pool.map_async(square, none).get().empty());
  CHECK_FALSE(pool.imap(square, none).next());
  CHECK_FALSE(pool.imap_unordered(square, none).next());
  pool.close();
  pool.join();
}

TEST_CASE("P23 P29 after its end a pool takes no calls and can be joined again", "[pool]") {
  Pool pool(2);
  CHECK(pool.map_async(square, numbers(10)).get() == squares(10));
  CHECK_THROWS_AS(pool.join(), Error);
  pool.terminate();
  pool.terminate();
  pool.join();
  pool.join();
  CHECK_THROWS_AS(pool.map_async(square, numbers(10)), Error);
  CHECK_THROWS_AS(pool.apply_async(square, 1), Error);
  CHECK_THROWS_AS(pool.imap(square, numbers(3)), Error);
}

TEST_CASE("P24 P26 an exception in a task arrives with its type and message", "[pool]") {
  Pool pool(1);
  CHECK_THROWS_WITH(pool.apply(throw_boom, 1), "boom");
  try {
    pool.apply(throw_boom, 1);
    FAIL("no error");
  } catch (const RemoteError& error) {
    CHECK(error.type_name() == "std::runtime_error");
    CHECK(error.task() == 0);
    CHECK(error.nested().empty());
  }
  CHECK(pool.apply(square, 3) == 9);
}

// The lines of source that the first calls of a RemoteError's stack stand for.
std::string source_lines(const std::string& stack) {
  std::string lines;
  std::istringstream in(stack);
  int calls = 0;
  for (std::string line; calls < 6 && std::getline(in, line); ++calls) {
    auto begin = line.rfind('(');
    auto plus = line.rfind('+');
    if (begin == std::string::npos || plus < begin || line.back() != ')') continue;
    std::string object = line.substr(begin + 1, plus - begin - 1);
    std::string offset = line.substr(plus + 1, line.size() - plus - 2);
    lines += Command("addr2line").args({"-Cfe", object, offset}).run().out;
  }
  return lines;
}

TEST_CASE("P24 an exception in a task tells the line it was thrown in", "[pool]") {
  Pool pool(1);
  std::string stack;
  try {
    pool.apply(throw_boom, 1);
  } catch (const RemoteError& error) {
    stack = error.stack();
  }
  CHECK(stack.rfind("#0 ", 0) == 0);
  INFO(stack);
  std::string lines = source_lines(stack);
  INFO(lines);
  // The innermost call first, and nothing of the C++ runtime before it.
  CHECK(lines.rfind("fetchpool::test::throw_boom(int)\n", 0) == 0);
  CHECK_THAT(lines, ContainsSubstring("test_tasks.cpp:" + std::to_string(line_of_boom)));
  // What is caught in the task is none of our business, what it throws then is.
  try {
    pool.apply([] {
      try {
        throw_boom(1);
      } catch (const std::exception&) {
        parse_int("no number");
      }
    });
    FAIL("no error");
  } catch (const RemoteError& error) {
    std::string second = source_lines(error.stack());
    INFO(second);
    // parse_int() itself may be part of its caller.
    CHECK_THAT(second, ContainsSubstring("std::__throw_invalid_argument"));
    CHECK_THAT(second, !ContainsSubstring("throw_boom"));
  }
}

int throw_nested(int) {
  try {
    throw std::out_of_range("inner");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("outer"));
  }
}

struct Odd {
  Odd() = default;
  Odd(const Odd&) { ++copies; }
  int copies = 0;
};

TEST_CASE("exceptions of any type arrive, with those nested in them", "[pool]") {
  Pool pool(1);
  try {
    pool.apply(throw_nested, 1);
    FAIL("no error");
  } catch (const RemoteError& error) {
    CHECK(error.what() == std::string("outer"));
    REQUIRE(error.nested().size() == 1);
    CHECK(error.nested()[0].what == "inner");
    CHECK(error.nested()[0].type_name == "std::out_of_range");
  }
  CHECK_THROWS_AS(pool.apply([](int x) { return x ? throw 5 : x; }, 1), RemoteError);
  CHECK_THROWS_AS(pool.apply([](int x) { return x ? throw Odd() : x; }, 1), RemoteError);
}

struct Quota : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST_CASE("a registered exception arrives as itself", "[pool]") {
  register_exception<Quota>();
  Pool pool(1);
  auto fail = [](int x) -> int { throw Quota("all " + std::to_string(x) + " used"); };
  CHECK_THROWS_AS(pool.apply(fail, 3), Quota);
  CHECK_THROWS_WITH(pool.apply(fail, 3), "all 3 used");
}

std::string throw_large(int wait_ms) {
  sleep_ms(wait_ms);
  throw std::invalid_argument(repeat(1 << 20));
}

TEST_CASE("P27 map waits for all tasks also where some fail", "[pool]") {
  Pool pool(2);
  auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_WITH(pool.map(throw_large, std::vector<int>{0, 500}, {.chunksize = 1}),
                    repeat(1 << 20));
  CHECK(std::chrono::steady_clock::now() - begin >= 500ms);
  pool.close();
  pool.join();
}

TEST_CASE("the outcomes of a map are all kept, and the first error in order is thrown", "[pool]") {
  Pool pool(2);
  auto odd_fails = [](int x) {
    if (x % 2) throw std::runtime_error("odd " + std::to_string(x));
    return x * 10;
  };
  for (std::size_t chunksize : {1, 3, 100}) {
    auto result = pool.map_async(odd_fails, numbers(20), {.chunksize = chunksize});
    CHECK_THROWS_WITH(result.get(), "odd 1");
    CHECK_FALSE(result.successful());
    auto outcomes = result.results();
    REQUIRE(outcomes.size() == 20);
    for (int i = 0; i < 20; ++i) {
      auto& outcome = outcomes[static_cast<std::size_t>(i)];
      CHECK(outcome.ok() == (i % 2 == 0));
      if (outcome.ok()) CHECK(*outcome == i * 10);
    }
  }
}

TEST_CASE("P31 an error callback gets the task's error", "[pool]") {
  Pool pool(1);
  std::exception_ptr seen;
  auto result =
      pool.apply_async({.callback = [](int) { FAIL("called"); },
                        .error_callback = [&seen](std::exception_ptr error) { seen = error; }},
                       throw_boom, 1);
  CHECK_THROWS_AS(result.get(), RemoteError);
  REQUIRE(seen);
  CHECK_THROWS_WITH(std::rethrow_exception(seen), "boom");
}

Unsendable make_unsendable(int) {
  return {};
}

TEST_CASE("P32 a result that cannot be encoded is its task's error and spares the worker",
          "[pool]") {
  Pool pool(2);
  auto pids = pool.worker_pids();
  std::atomic<int> seen = 0;
  for (int i = 0; i < 20; ++i) {
    auto result = pool.apply_async({.error_callback = [&](std::exception_ptr) { ++seen; }},
                                   make_unsendable, i);
    CHECK_THROWS_WITH(result.get(), ContainsSubstring("not for sending"));
    CHECK_THROWS_AS(result.get(), SerializationError);
  }
  CHECK(seen == 20);
  CHECK(pool.worker_pids() == pids);
  pool.close();
  pool.join();
}

// The numbers in a text, to be read once.
struct WordsOf {
  std::istream& text;
  std::istream_iterator<int> begin() const { return std::istream_iterator<int>(text); }
  std::istream_iterator<int> end() const { return {}; }
};

TEST_CASE("ranges of all kinds are taken", "[pool]") {
  Pool pool(2);
  CHECK(pool.map(square, std::list<int>{1, 2, 3}) == std::vector<int>{1, 4, 9});
  std::istringstream words("3 4 5");
  auto input = WordsOf{words};
  CHECK(pool.map(square, input) == std::vector<int>{9, 16, 25});
  std::vector<bool> bits{true, false};
  CHECK(pool.map([](bool bit) { return !bit; }, bits) == std::vector<bool>{false, true});
}

TEST_CASE("a task without result can be called in all ways", "[pool]") {
  Pool pool(2);
  pool.apply(sleep_ms, 0);
  pool.apply_async(sleep_ms, 0).get();
  pool.map(sleep_ms, numbers(3));
  CHECK(pool.map_async(sleep_ms, numbers(3)).results().size() == 3);
  int count = 0;
  for (auto nothing : pool.imap(sleep_ms, numbers(3))) count += nothing == std::monostate();
  CHECK(count == 3);
}

// Counts the objects of its type that are alive in this process.
struct Counted {
  Counted() { ++alive; }
  Counted(const Counted& other) : number(other.number) { ++alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --alive; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(number);
  }
  int number = 0;
  inline static std::atomic<int> alive = 0;
};

TEST_CASE("P28 no argument or result is kept alive after the call", "[calls]") {
  Pool pool(1);
  {
    std::vector<Counted> arguments(10);
    auto results = pool.map([](const Counted& same) { return same; }, arguments);
    CHECK(results.size() == 10);
    CHECK(Counted::alive == 20);
  }
  CHECK(Counted::alive == 0);
  CHECK(pool.apply([] { return Counted::alive.load(); }) == 0);
}

}  // namespace
}  // namespace fetchpool::test
