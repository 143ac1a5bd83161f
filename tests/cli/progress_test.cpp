#include "cli/progress.h"

#include "support/catch.h"

using namespace fetchpool::cli;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kWide = 200;
const RateMeter::TimePoint kStart{};

}  // namespace

TEST_CASE("progress says what is known", "[progress]") {
  CHECK(progress_text({0, std::nullopt, 0}, 0, kWide) == "0  0.0/s");
  CHECK(progress_text({5, std::nullopt, 0}, 2.5, kWide) == "5  2.5/s");
  CHECK(progress_text({1234, 20000, 3}, 617, kWide) ==
        "1234 of 20000  617/s  ETA 30.4 s  3 failed");
  CHECK(progress_text({20000, 20000, 0}, 617, kWide) == "20000 of 20000  617/s");
}

TEST_CASE("no rate means no estimate", "[progress]") {
  CHECK(progress_text({0, 10, 0}, 0, kWide) == "0 of 10  0.0/s  ETA -");
  CHECK(progress_text({0, 1000000000, 0}, 0.001, kWide) == "0 of 1000000000  0.0/s  ETA -");
}

TEST_CASE("progress never exceeds the width", "[progress]") {
  for (std::size_t width = 0; width < 50; ++width)
    CHECK(progress_text({1234, 20000, 3}, 617, width).size() <= width);
}

TEST_CASE("the rate is that of the last seconds", "[progress]") {
  RateMeter meter;
  CHECK(meter.rate() == 0);
  meter.add(kStart, 0);
  CHECK(meter.rate() == 0);
  meter.add(kStart + 1s, 100);
  CHECK(meter.rate() == Approx(100));
  for (int second = 2; second <= 60; ++second)
    meter.add(kStart + second * 1s, 100 + (second - 1) * 10);
  CHECK(meter.rate() == Approx(10));
}

TEST_CASE("the rate falls while nothing is done", "[progress]") {
  RateMeter meter;
  meter.add(kStart, 0);
  meter.add(kStart + 1s, 100);
  for (int second = 2; second <= 30; ++second) meter.add(kStart + second * 1s, 100);
  CHECK(meter.rate() == 0);
}

TEST_CASE("frequent looks and equal times do no harm to the rate", "[progress]") {
  RateMeter meter;
  meter.add(kStart, 0);
  meter.add(kStart, 5);
  CHECK(meter.rate() == 0);
  for (int step = 1; step <= 100000; ++step) meter.add(kStart + step * 1ms, step);
  CHECK(meter.rate() == Approx(1000).epsilon(0.01));
}

TEST_CASE("progress that is not wanted never asks to be woken", "[progress]") {
  CHECK_FALSE(Progress(ProgressMode::none, false, kStart).next_update());
  CHECK_FALSE(Progress(ProgressMode::automatic, true, kStart).next_update());
  CHECK(Progress(ProgressMode::plain, true, kStart).next_update() == kStart + 10s);
}
