#include "fetch/speed_watch.h"

#include <optional>

#include "support/catch.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

const TimePoint kBegin{1000h};

// When a transfer of that many bytes a second, that begins after `pause` with nothing, is given up.
std::optional<Clock::duration> given_up(SpeedWatch& watch, double speed, Clock::duration pause,
                                        Clock::duration lasts = 60s) {
  for (auto now = kBegin; now < kBegin + lasts; now = watch.next_look()) {
    double seconds = std::chrono::duration<double>(now - kBegin - pause).count();
    auto bytes = static_cast<std::uint64_t>(std::max(0.0, seconds * speed));
    if (watch.is_too_slow(now, bytes)) return now - kBegin;
  }
  return std::nullopt;
}

TEST_CASE("a transfer below the limit is given up when its time is over", "[speed]") {
  SpeedWatch watch;
  watch.begin(100, 8s, kBegin);
  CHECK(given_up(watch, 99, 0s) == Clock::duration(8s));
  watch.begin(100, 8s, kBegin);
  CHECK(given_up(watch, 0, 0s) == Clock::duration(8s));
}

TEST_CASE("a transfer above the limit goes on", "[speed]") {
  SpeedWatch watch;
  watch.begin(100, 8s, kBegin);
  CHECK_FALSE(given_up(watch, 101, 0s));
}

TEST_CASE("a pause shorter than the time does no harm", "[speed]") {
  SpeedWatch watch;
  watch.begin(100, 8s, kBegin);
  CHECK_FALSE(given_up(watch, 10000, 7s));
  watch.begin(100, 8s, kBegin);
  CHECK(given_up(watch, 10000, 9s) == Clock::duration(8s));
}

TEST_CASE("one that becomes slow is given up after the time", "[speed]") {
  SpeedWatch watch;
  watch.begin(100, 8s, kBegin);
  for (auto now = kBegin; now <= kBegin + 20s; now = watch.next_look())
    CHECK_FALSE(
        watch.is_too_slow(now, 1'000'000 + static_cast<std::uint64_t>((now - kBegin) / 1ms)));
  auto stopped = watch.next_look();
  auto now = stopped;
  while (!watch.is_too_slow(now, 2'000'000)) now = watch.next_look();
  CHECK(now - stopped >= 7s);
  CHECK(now - stopped <= 9s);
}

TEST_CASE("without a limit nobody looks", "[speed]") {
  SpeedWatch watch;
  watch.begin(0, 8s, kBegin);
  CHECK(watch.next_look() == TimePoint::max());
  watch.begin(1, 0s, kBegin);
  CHECK(watch.next_look() == TimePoint::max());
  watch.add_time(1h);
  CHECK(watch.next_look() == TimePoint::max());
}

TEST_CASE("time that is not the transfer's does not count", "[speed]") {
  SpeedWatch watch;
  watch.begin(100, 8s, kBegin);
  watch.add_time(1h);
  CHECK(watch.next_look() == kBegin + 1h + 1s);
  watch.restart(kBegin + 2h, 500);
  CHECK(watch.next_look() == kBegin + 2h + 1s);
}

}  // namespace
}  // namespace fetchpool::engine
