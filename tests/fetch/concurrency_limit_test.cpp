#include "fetch/concurrency_limit.h"

#include "fetchpool/fetch.h"
#include "support/catch.h"
#include "support/origin.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto kWindow = ConcurrencyLimit::kWindow;

// Without time to spare.
void work(ConcurrencyLimit& limit, int windows = 1, int large = 0) {
  for (int i = 0; i < windows; ++i) limit.add(kWindow, 0s, limit.get(), large);
}

void lack_memory(ConcurrencyLimit& limit, int windows = 1) {
  for (int i = 0; i < windows; ++i) {
    limit.lacked_memory();
    work(limit, 1, limit.get());
  }
}

ConcurrencyLimit at_most() {
  ConcurrencyLimit limit(64);
  while (limit.is_reduced()) limit.add(0s, kWindow, limit.get(), 0);
  return limit;
}

TEST_CASE("with time to spare, twice as many run a moment later", "[limit]") {
  ConcurrencyLimit limit(20);
  CHECK(limit.get() == 8);
  limit.add(0s, kWindow, 8, 0);
  CHECK(limit.get() == 16);
  CHECK(limit.is_reduced());
  limit.add(kWindow / 5, kWindow, 16, 0);
  CHECK(limit.get() == 20);
  CHECK_FALSE(limit.is_reduced());
  CHECK(ConcurrencyLimit(3).get() == 3);
}

TEST_CASE("without time to spare, it is a few more at a time", "[limit]") {
  ConcurrencyLimit limit(64);
  work(limit, 5);
  CHECK(limit.get() == 13);
  limit.add(kWindow, 2 * kWindow, 13, 0);
  CHECK(limit.get() == 14);
  work(limit, 100);
  CHECK(limit.get() == 64);
  ConcurrencyLimit of_many(1000);
  work(of_many, 100);
  CHECK(of_many.get() == 1000);
}

TEST_CASE("where a body found no memory, half of the large ones are left out", "[limit]") {
  ConcurrencyLimit limit = at_most();
  limit.lacked_memory();
  limit.add(kWindow, 0s, 20, 20);
  CHECK(limit.get() == 10);
  limit = at_most();
  limit.lacked_memory();
  limit.add(kWindow, 0s, 40, 10);
  CHECK(limit.get() == 35);
  limit.lacked_memory();
  limit.add(kWindow, 0s, 35, 1);
  CHECK(limit.get() == 34);
  // Those that were left out have not ended yet.
  limit.lacked_memory();
  limit.add(kWindow, 0s, 35, 10);
  CHECK(limit.get() == 34);
}

TEST_CASE("where requests are paced, all places are there all the time", "[limit]") {
  ConcurrencyLimit limit = ConcurrencyLimit::fixed(64);
  CHECK(limit.get() == 64);
  lack_memory(limit, 100);
  CHECK(limit.get() == 64);
  CHECK_FALSE(limit.is_reduced());
}

TEST_CASE("some transfers always run, however large their bodies", "[limit]") {
  ConcurrencyLimit limit = at_most();
  lack_memory(limit, 100);
  CHECK(limit.get() == 4);
  ConcurrencyLimit of_few(3);
  lack_memory(of_few, 100);
  CHECK(of_few.get() == 3);
}

TEST_CASE("with time to spare, bodies may go to files", "[limit]") {
  ConcurrencyLimit limit(64);
  limit.lacked_memory();
  limit.add(0s, kWindow, 8, 8);
  CHECK(limit.get() == 16);
}

TEST_CASE("where memory was lacking once, it is a few more at a time from there on", "[limit]") {
  ConcurrencyLimit limit = at_most();
  lack_memory(limit);
  CHECK(limit.get() == 32);
  limit.add(0s, kWindow, 32, 0);
  CHECK(limit.get() == 34);
  lack_memory(limit, 2);
  CHECK(limit.get() == 9);
  limit.add(0s, kWindow, 9, 0);
  CHECK(limit.get() == 10);
  for (int i = 0; i < 100; ++i) limit.add(0s, kWindow, limit.get(), 0);
  CHECK(limit.get() == 64);
}

TEST_CASE("where memory was lacking once, there are seldom more while most bodies are large",
          "[limit]") {
  ConcurrencyLimit limit = at_most();
  lack_memory(limit);
  // Also with time to spare: bodies that come slowly need memory, too.
  for (int more = 0; more < 3; ++more) {
    CHECK(limit.get() == 32 + 2 * more);
    for (int i = 0; i < 15; ++i) limit.add(0s, kWindow, 32 + 2 * more, 16 + more);
    CHECK(limit.get() == 32 + 2 * more);
    work(limit, 1, 16 + more);
  }
  CHECK(limit.get() == 38);
  work(limit, 1, 18);  // of 38: not most
  CHECK(limit.get() == 40);
  limit.add(0s, kWindow, 0, 0);
  CHECK(limit.get() == 42);
  // A second after memory was lacking it is as with all others.
  work(limit, 13, 42);
  CHECK(limit.get() == 42);
  work(limit, 1, 42);
  CHECK(limit.get() == 44);
  work(limit, 1, 44);
  CHECK(limit.get() == 46);
}

TEST_CASE("without lack of memory large bodies are as many as others", "[limit]") {
  ConcurrencyLimit limit(64);
  work(limit, 5, 8);
  CHECK(limit.get() == 13);
  limit.add(0s, kWindow, 13, 13);
  CHECK(limit.get() == 26);
}

TEST_CASE("it is judged by a whole window, however many turns that has", "[limit]") {
  ConcurrencyLimit limit = at_most();
  limit.lacked_memory();
  for (int i = 0; i < 9; ++i) limit.add(kWindow / 20, kWindow / 20, 64, 64);
  CHECK(limit.get() == 64);
  limit.add(kWindow / 20, kWindow / 20, 64, 64);
  CHECK(limit.get() == 32);
}

TEST_CASE("after bodies that were too large for memory, all places are used again", "[limit]") {
  constexpr int kPlaces = 16;
  test::Origin origin;
  Fetcher fetcher({.processes = 1, .concurrency = kPlaces, .per_host = 0});
  std::vector<std::string> large = origin.urls("/ok?size=3000000&", 60);
  for (const std::string& url : large) fetcher.submit(url);
  for (const std::string& url : origin.urls("/hang?", kPlaces)) fetcher.submit(url);
  std::size_t complete = 0;
  while (complete < large.size())
    for (const FetchResult& result : fetcher.wait(1s))
      if (result.ok() && result.size_body == 3'000'000) ++complete;
  while (origin.counts("/hang").now < kPlaces) fetcher.wait(10ms);
  fetcher.cancel();
  while (fetcher.unfinished() > 0)
    for (const FetchResult& result : fetcher.wait(1s)) CHECK(result.outcome == Outcome::cancelled);
}

}  // namespace
}  // namespace fetchpool::engine
