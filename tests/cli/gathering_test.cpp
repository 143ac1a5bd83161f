#include "cli/gathering.h"

#include "support/catch.h"

namespace fetchpool::cli {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kFirstLook{1h};

TEST_CASE("what goes to a reader is written when nothing else is to be done", "[gathering]") {
  Gathering gathering;
  CHECK(gathering.is_due(false, true, kFirstLook));
  CHECK_FALSE(gathering.is_due(false, false, kFirstLook + 1h));
  CHECK(gathering.is_due(false, true, kFirstLook + 1h));
  CHECK_FALSE(gathering.end());
}

TEST_CASE("what goes to a file is written a moment later, idle or not", "[gathering]") {
  bool idle = GENERATE(false, true);
  Gathering gathering;
  CHECK_FALSE(gathering.is_due(true, idle, kFirstLook));
  CHECK(gathering.end() == kFirstLook + Gathering::kTime);
  CHECK_FALSE(gathering.is_due(true, true, kFirstLook + Gathering::kTime - 1ns));
  CHECK(gathering.is_due(true, idle, kFirstLook + Gathering::kTime));
  // What comes then has its own time.
  CHECK_FALSE(gathering.end());
  CHECK_FALSE(gathering.is_due(true, idle, kFirstLook + Gathering::kTime + 1ms));
  CHECK(gathering.end() == kFirstLook + 2 * Gathering::kTime + 1ms);
}

TEST_CASE("what was written meanwhile is waited for no more", "[gathering]") {
  Gathering gathering;
  CHECK_FALSE(gathering.is_due(true, true, kFirstLook));
  CHECK(gathering.is_due(false, true, kFirstLook + 1ms));
  CHECK_FALSE(gathering.end());
  CHECK_FALSE(gathering.is_due(true, true, kFirstLook + Gathering::kTime));
}

}  // namespace
}  // namespace fetchpool::cli
