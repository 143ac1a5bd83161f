#include "process/death_notices.h"
#include "process/next_look.h"
#include "process/silence_watch.h"
#include "process/start_guard.h"
#include "support/catch.h"

namespace fetchpool::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("the start guard doubles its delay and gives up after failures in a row", "[guard]") {
  StartGuard guard(
      {.give_up_after = 4, .first_delay = milliseconds(50), .longest_delay = milliseconds(150)});
  TimePoint now{};
  CHECK(guard.next_start() <= now);
  guard.failed(now, "first");
  CHECK(guard.next_start() == now + milliseconds(50));
  guard.failed(now, "second");
  CHECK(guard.next_start() == now + milliseconds(100));
  guard.failed(now, "third");
  CHECK(guard.next_start() == now + milliseconds(150));
  CHECK_FALSE(guard.gave_up());
  guard.failed(now, "fourth");
  CHECK(guard.gave_up());
  CHECK(guard.cause() == "fourth");
  CHECK(guard.failures() == 4);
}

TEST_CASE("a worker that is ready makes the start guard forget", "[guard]") {
  StartGuard guard;
  for (int i = 0; i < 4; ++i) guard.failed(TimePoint{} + seconds(1), "cause");
  guard.succeeded();
  CHECK(guard.next_start() == TimePoint{});
  CHECK(guard.failures() == 0);
  guard.failed(TimePoint{}, "again");
  CHECK_FALSE(guard.gave_up());
}

TEST_CASE("the start guard's delay does not overflow", "[guard]") {
  StartGuard guard;
  for (int i = 0; i < 1000; ++i) guard.failed(TimePoint{}, "cause");
  CHECK(guard.next_start() == TimePoint{} + milliseconds(5000));
}

TEST_CASE("ten deaths at once are told one by one, the others are counted", "[deaths]") {
  DeathNotices notices;
  TimePoint now = TimePoint{} + seconds(1234567);
  for (int i = 0; i < 10; ++i) CHECK(notices.notice(now, "it died") == "it died");
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(notices.notice(now, "it died"));
  CHECK_FALSE(notices.notice(now + milliseconds(9999), "it died"));
  now += seconds(10);
  CHECK(notices.notice(now, "it died") ==
        "it died (and 1001 more like this since the last such message)");
  CHECK_FALSE(notices.notice(now, "it died"));
}

TEST_CASE("after a quiet time deaths are told one by one again, but not more than ten",
          "[deaths]") {
  DeathNotices notices;
  TimePoint now = TimePoint{} + seconds(60);
  while (notices.notice(now, "")) continue;
  now += seconds(30);
  CHECK(notices.notice(now, "a") == "a (and 1 more like this since the last such message)");
  CHECK(notices.notice(now, "b") == "b");
  CHECK(notices.notice(now, "c") == "c");
  CHECK_FALSE(notices.notice(now, "d"));
  now += std::chrono::hours(5);
  int told = 0;
  while (notices.notice(now, "e")) ++told;
  CHECK(told == 10);
}

TEST_CASE("a busy worker whose beat stands still for the limit is silent", "[silence]") {
  SilenceWatch watch(milliseconds(800));
  CHECK(watch.tick() == milliseconds(100));
  TimePoint now{};
  int looks = 0;
  while (!watch.look(now, 5, true)) {
    now += milliseconds(100);
    ++looks;
  }
  CHECK(looks == 8);
}

TEST_CASE("a beat ends the silence", "[silence]") {
  SilenceWatch watch(milliseconds(800));
  TimePoint now{};
  for (std::uint64_t beats = 0; beats < 100; ++beats) {
    CHECK_FALSE(watch.look(now, beats, true));
    now += milliseconds(100);
  }
}

TEST_CASE("a worker with nothing to do may be silent", "[silence]") {
  SilenceWatch watch(milliseconds(800));
  TimePoint now{};
  for (int i = 0; i < 100; ++i) CHECK_FALSE(watch.look(now += seconds(1), 0, false));
  CHECK_FALSE(watch.look(now += seconds(1), 0, true));
}

TEST_CASE("an hour in which nobody looked counts as one tick", "[silence]") {
  SilenceWatch watch(milliseconds(800));
  TimePoint now{};
  CHECK_FALSE(watch.look(now, 1, true));
  CHECK_FALSE(watch.look(now += std::chrono::hours(1), 1, true));
  CHECK_FALSE(watch.look(now += std::chrono::hours(1), 1, true));
}

TEST_CASE("without a limit nobody is silent", "[silence]") {
  SilenceWatch watch;
  TimePoint now{};
  for (int i = 0; i < 10; ++i) CHECK_FALSE(watch.look(now += std::chrono::hours(1), 1, true));
}

TEST_CASE("the next look is the earliest asked for", "[look]") {
  NextLook look;
  TimePoint now{};
  CHECK_FALSE(look.is_due(now + seconds(1000)));
  CHECK_FALSE(look.time());
  look.look_at(now + seconds(5));
  look.look_at(now + seconds(2));
  look.look_at(now + seconds(9));
  CHECK(look.time() == now + seconds(2));
  CHECK_FALSE(look.is_due(now + milliseconds(1999)));
  CHECK(look.is_due(now + seconds(2)));
  look.begin();
  CHECK_FALSE(look.is_due(now + seconds(100)));
}

TEST_CASE("a look that comes a second late was held up by something", "[look]") {
  NextLook look;
  TimePoint now{};
  CHECK_FALSE(look.absence(now + seconds(1000)));  // nothing was expected
  look.look_at(now + seconds(5));
  look.expect_within(now, std::nullopt);
  CHECK_FALSE(look.absence(now + milliseconds(5999)));
  CHECK(look.absence(now + seconds(8)) == seconds(3));
  CHECK_FALSE(look.absence(now + seconds(8)));  // it was told
  look.expect_within(now, seconds(1));
  CHECK(look.absence(now + seconds(3)) == seconds(2));
  look.came(now + seconds(20));
  CHECK_FALSE(look.absence(now + milliseconds(20'500)));
}

}  // namespace
}  // namespace fetchpool::process
