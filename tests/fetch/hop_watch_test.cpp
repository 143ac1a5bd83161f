#include "fetch/hop_watch.h"

#include "support/catch.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;
using Hop = HopWatch::Hop;
using Finding = HopWatch::Finding;

// Looks every 100 ms until there is a finding, at most ten minutes; how long that took.
std::pair<Finding, Clock::duration> watch(HopWatch& watch, TimePoint& now,
                                          const std::vector<Hop>& hops, std::uint64_t begun = 1) {
  TimePoint start = now;
  while (now - start < 10min) {
    Finding finding = watch.look(now, hops, begun);
    if (finding != Finding::fine) return {finding, now - start};
    now += 100ms;
  }
  return {Finding::fine, now - start};
}

TEST_CASE("a worker with nothing to do is fine", "[hop_watch]") {
  HopWatch hops(800ms);
  CHECK(hops.tick() == 100ms);
  TimePoint now{};
  CHECK(watch(hops, now, {}).first == Finding::fine);
}

TEST_CASE("a worker that begins nothing of what it was sent is deaf", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  hops.look(now, {}, 7);
  auto [finding, after] = watch(hops, now, {{1, false, 10s}, {2, false, 0s}}, 7);
  CHECK(finding == Finding::deaf);
  CHECK(after == 800ms);
}

TEST_CASE("a worker that runs something is not deaf to what waits", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  CHECK(watch(hops, now, {{1, true, 0s}, {2, false, 0s}}).first == Finding::fine);
}

TEST_CASE("a worker that begins and ends hops between two looks is not deaf", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  const std::vector<Hop> waiting = {{1, false, 0s}};
  for (std::uint64_t begun = 0; begun < 1000; ++begun)
    REQUIRE(hops.look(now += 100ms, waiting, begun) == Finding::fine);
}

TEST_CASE("a hop that runs on beyond its limit and the patience is late", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  auto [finding, after] = watch(hops, now, {{1, true, 5s}, {2, true, 60s}});
  CHECK(finding == Finding::late);
  CHECK(after == 5s + 800ms);
}

TEST_CASE("a hop is counted from its own beginning", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  for (std::uint64_t job = 1; job < 100; ++job) {
    TimePoint end = now + 4s;
    while (now < end) REQUIRE(hops.look(now += 100ms, {{{job, true, 5s}}}, job) == Finding::fine);
  }
}

TEST_CASE("a hop without a limit is never late", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  CHECK(watch(hops, now, {{1, true, 0s}}).first == Finding::fine);
}

TEST_CASE("while parts of long answers come, hops may wait to be ended", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  for (int i = 0; i < 1000; ++i) {
    if (i % 5 == 0) hops.part_came();
    REQUIRE(hops.look(now += 100ms, {{{1, true, 5s}, {2, true, 5s}}}, 2) == Finding::fine);
  }
  CHECK(watch(hops, now, {{1, true, 5s}, {2, true, 5s}}, 2).first == Finding::late);
}

TEST_CASE("an hour in which nobody looked makes no hop late and no worker deaf", "[hop_watch]") {
  HopWatch hops(800ms);
  TimePoint now{};
  for (bool runs : {true, false}) {
    const std::vector<Hop> sent = {{1, runs, 500ms}};
    CHECK(hops.look(now += 1h, sent, 1) == Finding::fine);
    CHECK(hops.look(now += 1h, sent, 1) == Finding::fine);
    CHECK(hops.look(now += 1h, sent, 1) == Finding::fine);
  }
}

TEST_CASE("without patience nothing is judged", "[hop_watch]") {
  HopWatch hops;
  TimePoint now{};
  CHECK(watch(hops, now, {{1, false, 0s}, {2, true, 1ms}}).first == Finding::fine);
}

}  // namespace
}  // namespace fetchpool::engine
