// How hosts are spared: rates, waits, pauses, and hosts that are given up.
#include <algorithm>
#include <string>
#include <vector>

#include "fetch/byte_budget.h"
#include "fetch/pacer.h"
#include "fetch/rate_shares.h"
#include "fetch/schedule.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace std::chrono_literals;
using engine::Pacer;
using engine::Schedule;

namespace {

const TimePoint kNow = TimePoint{} + 1h;

struct Run {
  explicit Run(Schedule::Options options) : schedule(with_room(options)) {}

  static Schedule::Options with_room(Schedule::Options options) {
    options.total = 100;
    options.per_host = 0;
    return options;
  }
  void add(const std::string& host, Schedule::Ticket ticket) {
    schedule.add(schedule.host(host), ticket, ticket);
    schedule.connected(schedule.host(host));
  }
  // Every start until nothing waits, at its time; time passes only from one alarm to the next.
  std::vector<TimePoint> run() {
    std::vector<TimePoint> starts;
    for (TimePoint now = kNow;;) {
      while (auto start = schedule.next(now, room)) {
        starts.push_back(now);
        schedule.ended(start->host, start->worker);
      }
      if (schedule.waiting() == 0) return starts;
      auto next = schedule.next_time();
      REQUIRE(next);
      REQUIRE(*next > now);
      now = *next;
    }
  }

  Schedule schedule;
  std::vector<int> room{1000};
};

std::vector<Clock::duration> gaps(const std::vector<TimePoint>& times) {
  std::vector<Clock::duration> result;
  for (std::size_t i = 1; i < times.size(); ++i) result.push_back(times[i] - times[i - 1]);
  return result;
}

}  // namespace

TEST_CASE("a rate spaces all starts, whatever their hosts", "[politeness]") {
  Run run({.interval = 100ms});
  for (Schedule::Ticket ticket = 0; ticket < 6; ++ticket)
    run.add("http://" + std::to_string(ticket % 3), ticket);
  CHECK(gaps(run.run()) == std::vector<Clock::duration>(5, 100ms));
}

TEST_CASE("a rate per host lets the hosts go side by side", "[politeness]") {
  Run run({.host_interval = 100ms});
  for (Schedule::Ticket ticket = 0; ticket < 6; ++ticket)
    run.add("http://" + std::to_string(ticket % 3), ticket);
  auto starts = run.run();
  REQUIRE(starts.size() == 6);
  CHECK(starts[2] == kNow);
  CHECK(starts[3] == kNow + 100ms);
  CHECK(starts[5] == kNow + 100ms);
}

TEST_CASE("a wait counts from when the request went out", "[politeness]") {
  Run run({.wait = 1s});
  run.add("http://a", 1);
  run.add("http://a", 2);
  auto first = run.schedule.next(kNow, run.room);
  REQUIRE(first);
  CHECK_FALSE(run.schedule.next(kNow + 200ms, run.room));
  run.schedule.request_went_out(first->host, kNow + 300ms);
  CHECK_FALSE(run.schedule.next(kNow + 1299ms, run.room));
  CHECK(run.schedule.next(kNow + 1300ms, run.room));
}

TEST_CASE("a random wait is from half to one and a half, and differs", "[politeness]") {
  Run run({.wait = 1s, .random_wait = true, .seed = 7});
  for (Schedule::Ticket ticket = 0; ticket < 500; ++ticket) run.add("http://a", ticket);
  auto found = gaps(run.run());
  auto [least, most] = std::minmax_element(found.begin(), found.end());
  CHECK(*least >= 500ms);
  CHECK(*least < 550ms);
  CHECK(*most <= 1500ms);
  CHECK(*most > 1450ms);
}

TEST_CASE("where hosts are spared nothing is sent ahead", "[politeness]") {
  for (auto options :
       {Schedule::Options{.ahead = 1, .host_interval = 1s},
        Schedule::Options{.ahead = 1, .wait = 1s}, Schedule::Options{.ahead = 1, .interval = 1s}}) {
    Run run(options);
    for (Schedule::Ticket ticket = 0; ticket < 300; ++ticket) run.add("http://a", ticket);
    CHECK(run.schedule.next(kNow, run.room));
    CHECK_FALSE(run.schedule.next(kNow, run.room));
  }
}

TEST_CASE("a pause that a host asked for is longer than its wait", "[politeness]") {
  Run run({.wait = 1s});
  for (Schedule::Ticket ticket = 0; ticket < 2; ++ticket) run.add("http://a", ticket);
  auto first = run.schedule.next(kNow, run.room);
  run.schedule.pause(first->host, kNow + 5s);
  run.schedule.ended(first->host, first->worker);
  CHECK_FALSE(run.schedule.next(kNow + 4999ms, run.room));
  CHECK(run.schedule.next(kNow + 5s, run.room));
}

TEST_CASE("late timers cost no rate, as long as they are a little late", "[politeness]") {
  Pacer pacer(2ms);
  TimePoint now = kNow;
  for (int i = 0; i < 1000; ++i) {
    now = std::max(now, pacer.next()) + 1ms;
    pacer.start(now);
  }
  CHECK(now - kNow < 2010ms);
  CHECK(now - kNow > 1990ms);
}

TEST_CASE("a long silence earns nothing", "[politeness]") {
  Pacer pacer(100ms);
  pacer.start(kNow);
  pacer.start(kNow + 10s);
  CHECK(pacer.next() == kNow + 10s + 100ms);
}

TEST_CASE("what was read is paid for in time", "[politeness]") {
  engine::ByteBudget budget;
  CHECK_FALSE(budget.is_on());
  budget.set_rate(1000);
  CHECK(budget.opens_at() <= kNow);
  budget.take(kNow, 500);
  CHECK(budget.opens_at() == kNow + 450ms);  // a silence had earned 50 ms
  budget.take(kNow + 450ms, 1000);
  CHECK(budget.opens_at() == kNow + 1450ms);
}

TEST_CASE("a rate is divided as transfers are, and told where it changes", "[politeness]") {
  engine::RateShares shares(1000, 500);
  shares.begun(0);
  auto changes = shares.changes();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].place == 0);
  CHECK(changes[0].bytes_per_second == 1000);
  CHECK(shares.changes().empty());
  shares.begun(1);
  changes = shares.changes();
  // The other one takes half of it without being told.
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].bytes_per_second == 500);
  shares.ended(0);
  changes = shares.changes();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].place == 1);
  CHECK(changes[0].bytes_per_second == 1000);
  shares.forget(1);
  CHECK(shares.changes().size() == 1);
}

TEST_CASE("a host is given up after so many failures in a row", "[politeness]") {
  Run run({.max_host_errors = 3});
  auto a = run.schedule.host("http://a");
  CHECK_FALSE(run.schedule.host_failed(a, Outcome::connect));
  CHECK_FALSE(run.schedule.host_failed(a, Outcome::connect));
  run.schedule.host_answered(a);
  CHECK_FALSE(run.schedule.host_failed(a, Outcome::connect));
  CHECK_FALSE(run.schedule.host_failed(a, Outcome::connect));
  CHECK_FALSE(run.schedule.given_up(a));
  CHECK(run.schedule.host_failed(a, Outcome::timeout));
  CHECK(run.schedule.given_up(a) == Outcome::timeout);
  CHECK_FALSE(run.schedule.host_failed(a, Outcome::connect));
  CHECK_FALSE(run.schedule.given_up(run.schedule.host("http://b")));
}

TEST_CASE("what waits for one host is dropped without touching the others", "[politeness]") {
  Run run({});
  auto a = run.schedule.host("http://a");
  auto b = run.schedule.host("http://b");
  run.schedule.add(a, 1, 1);
  run.schedule.add(a, 2, 2, kNow + 10s);
  run.schedule.add_alone(a, 3, 3);
  run.schedule.add(b, 4, 4, kNow + 1s);
  auto dropped = run.schedule.drop_waiting(a);
  std::sort(dropped.begin(), dropped.end());
  CHECK(dropped == std::vector<Schedule::Ticket>{1, 2, 3});
  CHECK(run.schedule.waiting() == 1);
  auto left = run.schedule.next(kNow + 1s, run.room);
  REQUIRE(left);
  CHECK(left->ticket == 4);
}
