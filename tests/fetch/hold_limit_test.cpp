#include "fetch/hold_limit.h"

#include "support/catch.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kFirstLook{1h};
constexpr auto kHoldPatience = HoldLimit::kPatience;

TEST_CASE("few requests are held, or four for each transfer", "[hold]") {
  CHECK(HoldLimit(64).get() == HoldLimit::kFew);
  CHECK(HoldLimit(500).get() == 2000);
  CHECK(HoldLimit(1000000).get() == HoldLimit::kMost);
}

TEST_CASE("twice as many are held once work was lacking for a while", "[hold]") {
  HoldLimit limit(64);
  CHECK_FALSE(limit.next_look());
  limit.look(true, kFirstLook);
  CHECK(limit.next_look() == kFirstLook + kHoldPatience);
  limit.look(true, kFirstLook + kHoldPatience - 1ns);
  CHECK(limit.get() == HoldLimit::kFew);
  limit.look(true, kFirstLook + kHoldPatience);
  CHECK(limit.get() == 2 * HoldLimit::kFew);
  CHECK_FALSE(limit.next_look());
}

TEST_CASE("a lack of work that passes changes nothing", "[hold]") {
  HoldLimit limit(64);
  limit.look(true, kFirstLook);
  limit.look(false, kFirstLook + 1ms);
  CHECK_FALSE(limit.next_look());
  limit.look(true, kFirstLook + kHoldPatience);
  CHECK(limit.get() == HoldLimit::kFew);
}

TEST_CASE("at the most there is nothing to look for", "[hold]") {
  HoldLimit limit(64);
  for (TimePoint now = kFirstLook; now < kFirstLook + 20 * kHoldPatience; now += kHoldPatience)
    limit.look(true, now);
  CHECK(limit.get() == HoldLimit::kMost);
  limit.look(true, kFirstLook + 1h);
  CHECK_FALSE(limit.next_look());
}

}  // namespace
}  // namespace fetchpool::engine
