#include "fetch/hop_window.h"

#include "fetchpool/fetch.h"
#include "support/catch.h"
#include "support/origin.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatch = 256 << 10;

HopWindow after(std::uint64_t bytes, int times = 100) {
  HopWindow window(kBatch);
  for (int i = 0; i < times; ++i) window.ended(bytes);
  return window;
}

TEST_CASE("a worker wants what it runs, and as many more as make two batches of answers",
          "[window]") {
  CHECK(HopWindow(kBatch).get(8, 0) == 16);
  CHECK(after(12000).get(8, 0) == 8 + 43);
  CHECK(after(100'000).get(20, 0) == 20 + 5);
}

TEST_CASE("however large or small its answers, a worker wants a few more, and not all",
          "[window]") {
  CHECK(after(1 << 20).get(8, 0) == 10);
  CHECK(after(std::uint64_t{1} << 60).get(8, 0) == 10);
  CHECK(after(200).get(8, 0) == 8 + 64);
  CHECK(after(0).get(8, 0) == 8 + 64);
}

TEST_CASE("hops that wait for a place of their host take none of the window", "[window]") {
  CHECK(after(1 << 20).get(8, 30) == 40);
}

TEST_CASE("one body of another size does not change all", "[window]") {
  HopWindow window = after(12000);
  window.ended(1000);
  CHECK(window.get(8, 0) <= 8 + 50);
  window.ended(std::uint64_t{1} << 30);
  CHECK(window.get(8, 0) >= 8 + 10);
  for (int i = 0; i < 20; ++i) window.ended(12000);
  CHECK(window.get(8, 0) >= 8 + 30);
  CHECK(after(1 << 20, 30).get(0, 0) == 2);
}

// A host of its own for each, where nobody listens.
std::string unknown_host(int number) {
  return "http://127.0.1." + std::to_string(number) + ":1/";
}

TEST_CASE("a worker is sent no more than it wants", "[window]") {
  Fetcher fetcher({.processes = 1, .concurrency = 64});
  for (int i = 1; i <= 60; ++i) fetcher.submit(unknown_host(i));
  while (fetcher.counts().running == 0 && fetcher.unfinished() == 60) fetcher.wait(0ms);
  CHECK(fetcher.counts().running == 16);
  while (fetcher.unfinished() > 0)
    for (const FetchResult& result : fetcher.wait(10s)) CHECK(result.outcome == Outcome::connect);
}

TEST_CASE("hosts whose places are taken keep no other host from its own", "[window]") {
  test::Origin first;
  test::Origin second;
  test::Origin third;
  Fetcher fetcher({.processes = 1, .concurrency = 16, .per_host = 6, .ordered = false});
  for (const std::string& url : first.urls("/hang?", 40)) fetcher.submit(url);
  for (const std::string& url : second.urls("/hang?", 40)) fetcher.submit(url);
  while (first.counts("/hang").now < 6 || second.counts("/hang").now < 6) fetcher.wait(10ms);
  // Two dozen are there, as many as are wanted; half of them wait for places of their hosts.
  for (int i = 0; i < 10; ++i) fetcher.wait(10ms);
  for (const std::string& url : third.urls("/ok?", 20)) fetcher.submit(url);
  int ok = 0;
  while (ok < 20)
    for (const FetchResult& result : fetcher.wait(10s)) ok += result.ok() ? 1 : 0;
  CHECK(ok == 20);
  fetcher.cancel();
  while (fetcher.unfinished() > 0) fetcher.wait(10s);
}

}  // namespace
}  // namespace fetchpool::engine
