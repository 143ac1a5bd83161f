#include "fetch/schedule.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "support/catch.h"
#include "support/seed.h"

using namespace fetchpool;
using namespace std::chrono_literals;
using engine::Schedule;

namespace {

const TimePoint kScheduleTime = TimePoint{} + 1h;

// A schedule and the room of its workers, as the engine has them.
struct Lane {
  explicit Lane(const Schedule::Options& options)
      : schedule(options), room(static_cast<std::size_t>(options.workers), 1000) {}

  void add(const std::string& host, Schedule::Ticket ticket) {
    schedule.add(schedule.host(host), ticket, ticket);
  }
  // Everything that may start now.
  std::vector<Schedule::Start> start_all(TimePoint now = kScheduleTime) {
    std::vector<Schedule::Start> starts;
    while (auto start = schedule.next(now, room)) starts.push_back(*start);
    return starts;
  }
  // Makes a host known: one transfer is begun, connects and ends.
  void make_known(const std::string& host) {
    add(host, 0);
    auto start = schedule.next(kScheduleTime, room);
    REQUIRE(start);
    schedule.connected(start->host);
    schedule.ended(start->host, start->worker);
  }

  Schedule schedule;
  std::vector<int> room;
};

Schedule::Options options(int total, int per_host, int workers, int ahead = 0) {
  return {total, per_host, workers, ahead, 1000ms};
}

std::vector<Schedule::Ticket> tickets(const std::vector<Schedule::Start>& starts) {
  std::vector<Schedule::Ticket> result;
  for (const auto& start : starts) result.push_back(start.ticket);
  return result;
}

}  // namespace

TEST_CASE("an unknown host starts with one transfer until that one is connected", "[fetch]") {
  Lane lane(options(10, 6, 2));
  for (Schedule::Ticket ticket = 1; ticket <= 8; ++ticket) lane.add("http://a:80", ticket);
  auto first = lane.start_all();
  REQUIRE(first.size() == 1);
  CHECK(first[0].host_is_new);
  lane.schedule.connected(first[0].host);
  CHECK(tickets(lane.start_all()) == std::vector<Schedule::Ticket>{2, 3, 4, 5, 6});
}

TEST_CASE("an unknown host is held to one transfer for a second at most", "[fetch]") {
  Lane lane(options(10, 6, 2));
  for (Schedule::Ticket ticket = 1; ticket <= 8; ++ticket) lane.add("http://a:80", ticket);
  REQUIRE(lane.start_all(kScheduleTime).size() == 1);
  REQUIRE(lane.schedule.next_time());
  CHECK(*lane.schedule.next_time() == kScheduleTime + 1s);
  CHECK(lane.start_all(kScheduleTime + 999ms).empty());
  CHECK(lane.start_all(kScheduleTime + 1s).size() == 5);
}

TEST_CASE("a host whose first transfer fails without a connection is tried alone again",
          "[fetch]") {
  Lane lane(options(10, 6, 2));
  for (Schedule::Ticket ticket = 1; ticket <= 8; ++ticket) lane.add("http://a:80", ticket);
  auto first = lane.start_all();
  lane.schedule.ended(first[0].host, first[0].worker);
  CHECK(tickets(lane.start_all()) == std::vector<Schedule::Ticket>{2});
}

TEST_CASE("the limits in total and per host hold", "[fetch]") {
  Lane lane(options(10, 4, 2));
  for (const char* host : {"http://a:80", "http://b:80", "http://c:80"}) lane.make_known(host);
  Schedule::Ticket ticket = 1;
  for (int i = 0; i < 10; ++i)
    for (const char* host : {"http://a:80", "http://b:80", "http://c:80"}) lane.add(host, ticket++);
  std::map<Schedule::HostId, int> running;
  auto starts = lane.start_all();
  for (const auto& start : starts) ++running[start.host];
  CHECK(starts.size() == 10);
  for (const auto& [host, count] : running) CHECK(count <= 4);
  CHECK(lane.schedule.running() == 10);
}

TEST_CASE("the slots of one host are spread over all workers", "[fetch]") {
  Lane lane(options(64, 6, 4));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket = 1; ticket <= 20; ++ticket) lane.add("http://a:80", ticket);
  std::map<int, int> by_worker;
  for (const auto& start : lane.start_all()) {
    ++by_worker[start.worker];
    CHECK(start.quota >= 1);
  }
  CHECK(by_worker.size() == 4);
  for (const auto& [worker, count] : by_worker) CHECK(count <= 2);
}

TEST_CASE("older requests go first, also when they come back", "[fetch]") {
  Lane lane(options(1, 0, 1));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket : {10U, 11U, 12U}) lane.add("http://a:80", ticket);
  lane.add("http://a:80", 5);
  auto start = lane.start_all();
  CHECK(tickets(start) == std::vector<Schedule::Ticket>{5});
  lane.add("http://a:80", 2);
  lane.schedule.ended(start[0].host, start[0].worker);
  CHECK(tickets(lane.start_all()) == std::vector<Schedule::Ticket>{2});
}

TEST_CASE("a ticket with a time waits for it and then goes before younger ones", "[fetch]") {
  Lane lane(options(1, 0, 1));
  lane.make_known("http://a:80");
  auto host = lane.schedule.host("http://a:80");
  lane.schedule.add(host, 3, 3, kScheduleTime + 5s);
  CHECK(lane.start_all(kScheduleTime + 4s).empty());
  lane.add("http://a:80", 7);
  CHECK(tickets(lane.start_all(kScheduleTime + 5s)) == std::vector<Schedule::Ticket>{3});
}

TEST_CASE("a paused host waits and the others go on", "[fetch]") {
  Lane lane(options(10, 2, 1));
  lane.make_known("http://a:80");
  lane.make_known("http://b:80");
  for (Schedule::Ticket ticket = 1; ticket <= 4; ++ticket)
    lane.add(ticket % 2 ? "http://a:80" : "http://b:80", ticket);
  lane.schedule.pause(lane.schedule.host("http://a:80"), kScheduleTime + 10s);
  CHECK(tickets(lane.start_all()) == std::vector<Schedule::Ticket>{2, 4});
  CHECK(lane.start_all(kScheduleTime + 9s).empty());
  CHECK(tickets(lane.start_all(kScheduleTime + 10s)) == std::vector<Schedule::Ticket>{1, 3});
}

TEST_CASE("hops are sent ahead where a host has more waiting than slots", "[fetch]") {
  Lane lane(options(4, 0, 2, 1));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket = 1; ticket <= 20; ++ticket) lane.add("http://a:80", ticket);
  CHECK(lane.start_all().size() == 8);
  CHECK(lane.schedule.running() == 4);
}

TEST_CASE("near the end of the list nothing is sent ahead", "[fetch]") {
  Lane lane(options(4, 0, 2, 1));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket = 1; ticket <= 7; ++ticket) lane.add("http://a:80", ticket);
  CHECK(lane.start_all().size() == 4);
}

TEST_CASE("a worker without room is passed over", "[fetch]") {
  Lane lane(options(8, 0, 2));
  lane.make_known("http://a:80");
  lane.room = {0, 1000};
  for (Schedule::Ticket ticket = 1; ticket <= 8; ++ticket) lane.add("http://a:80", ticket);
  auto starts = lane.start_all();
  CHECK(starts.size() == 4);
  for (const auto& start : starts) CHECK(start.worker == 1);
}

TEST_CASE("up to 64 hosts whose worker is full keep no other worker from its work", "[fetch]") {
  Lane lane(options(1000, 1, 2));
  Schedule::Ticket ticket = 0;
  for (int host = 0; host < 80; ++host) {
    std::string name = "http://" + std::to_string(host) + ":80";
    lane.make_known(name);
    lane.add(name, ++ticket);
  }
  // About half of them belong to worker 1.
  lane.room = {1000, 0};
  std::size_t started = lane.start_all().size();
  CHECK(started > 20);
  lane.room = {0, 1000};
  CHECK(lane.start_all().size() == 80 - started);
}

TEST_CASE("a ticket to be run alone takes part in the limits but has no worker", "[fetch]") {
  Lane lane(options(8, 1, 2));
  lane.make_known("http://a:80");
  auto host = lane.schedule.host("http://a:80");
  lane.schedule.add_alone(host, 9, 9);
  lane.add("http://a:80", 10);
  auto starts = lane.start_all();
  REQUIRE(starts.size() == 1);
  CHECK(starts[0].worker == Schedule::kAlone);
  lane.schedule.ended(host, Schedule::kAlone);
  CHECK(tickets(lane.start_all()) == std::vector<Schedule::Ticket>{10});
}

TEST_CASE("a lowered total holds from then on", "[fetch]") {
  Lane lane(options(10, 0, 2));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket = 1; ticket <= 30; ++ticket) lane.add("http://a:80", ticket);
  auto starts = lane.start_all();
  REQUIRE(starts.size() == 10);
  lane.schedule.set_total(4);
  for (const auto& start : starts) lane.schedule.ended(start.host, start.worker);
  CHECK(lane.schedule.running() == 0);
  CHECK(lane.start_all().size() == 4);
}

TEST_CASE("whatever happens, every ticket starts once and the counts come back to zero",
          "[fetch]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    int workers = 1 + static_cast<int>(random() % 4);
    Lane lane(options(1 + static_cast<int>(random() % 12), static_cast<int>(random() % 5), workers,
                      static_cast<int>(random() % 3)));
    std::vector<Schedule::Start> running;
    std::set<Schedule::Ticket> started;
    Schedule::Ticket next = 1;
    TimePoint now = kScheduleTime;
    while (next < 300 || lane.schedule.waiting() > 0 || !running.empty()) {
      now += std::chrono::milliseconds(random() % 200);
      for (auto& room : lane.room) room = static_cast<int>(random() % 4);
      if (next < 300) {
        auto host = lane.schedule.host("http://h" + std::to_string(random() % 7) + ":80");
        if (random() % 8 == 0)
          lane.schedule.add(host, next, next, now + 300ms);
        else if (random() % 8 == 0)
          lane.schedule.add_alone(host, next, next);
        else
          lane.schedule.add(host, next, next);
        ++next;
        if (random() % 16 == 0) lane.schedule.pause(host, now + 100ms);
      }
      if (auto start = lane.schedule.next(now, lane.room)) {
        CHECK(started.insert(start->ticket).second);
        running.push_back(*start);
        if (random() % 2) lane.schedule.connected(start->host);
      }
      if (!running.empty() && random() % 2) {
        std::swap(running[random() % running.size()], running.back());
        lane.schedule.ended(running.back().host, running.back().worker);
        running.pop_back();
      }
      if (random() % 64 == 0) lane.schedule.set_total(1 + static_cast<int>(random() % 12));
    }
    CHECK(started.size() == 299);
    CHECK(lane.schedule.running() == 0);
  }
}

TEST_CASE("a hundred thousand hosts leave a bounded number behind", "[fetch]") {
  Lane lane(options(8, 2, 2));
  Schedule::HostId highest = 0;
  for (Schedule::Ticket ticket = 1; ticket <= 100000; ++ticket) {
    auto host = lane.schedule.host("http://h" + std::to_string(ticket) + ":80");
    highest = std::max(highest, host);
    lane.schedule.add(host, ticket, ticket);
    auto start = lane.schedule.next(kScheduleTime, lane.room);
    REQUIRE(start);
    lane.schedule.ended(start->host, start->worker);
  }
  CHECK(highest < 8192);
}

TEST_CASE("tickets above a rank stay, those below start", "[fetch]") {
  Lane lane(options(8, 0, 2, 1));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket = 1; ticket <= 40; ++ticket) lane.add("http://a:80", ticket);
  auto start = lane.schedule.next(kScheduleTime, lane.room, 1);
  REQUIRE(start);
  CHECK(start->ticket == 1);
  CHECK_FALSE(lane.schedule.next(kScheduleTime, lane.room, 1));
}

TEST_CASE("the slots of a worker that is not there belong to the others", "[fetch]") {
  Lane lane(options(64, 4, 2));
  lane.make_known("http://a:80");
  for (Schedule::Ticket ticket = 1; ticket <= 20; ++ticket) lane.add("http://a:80", ticket);
  lane.room[0] = 0;
  auto starts = lane.start_all();
  CHECK(starts.size() == 2);
  lane.schedule.set_usable(0, false);
  CHECK(lane.start_all().size() == 2);
  CHECK(lane.schedule.running() == 4);
}

TEST_CASE("without a limit for hosts, one that speaks HTTP/2 has slots at every worker",
          "[fetch]") {
  Lane lane(options(20, 0, 3));
  lane.make_known("https://a:443");
  auto host = lane.schedule.host("https://a:443");
  lane.schedule.speaks_http2(host, true);
  for (Schedule::Ticket ticket = 1; ticket <= 40; ++ticket) lane.add("https://a:443", ticket);
  std::map<int, std::uint32_t> quotas;
  for (const auto& start : lane.start_all()) {
    CHECK(start.http2);
    quotas[start.worker] = start.quota;
  }
  REQUIRE(quotas.size() == 3);
  CHECK(quotas[0] + quotas[1] + quotas[2] == 20);
  CHECK(lane.schedule.running() == 20);
}

TEST_CASE("what runs at other workers counts when a host turns out to speak HTTP/2", "[fetch]") {
  Lane lane(options(20, 6, 3));
  lane.make_known("https://a:443");
  auto host = lane.schedule.host("https://a:443");
  for (Schedule::Ticket ticket = 1; ticket <= 20; ++ticket) lane.add("https://a:443", ticket);
  auto starts = lane.start_all();
  REQUIRE(starts.size() == 6);
  lane.schedule.speaks_http2(host, true);
  CHECK(lane.schedule.running() == 6);
  CHECK(lane.start_all().empty());
  for (const auto& start : starts) lane.schedule.ended(host, start.worker);
  CHECK(lane.schedule.running() == 0);
}

TEST_CASE("a host is not forgotten while one of its hops runs", "[fetch]") {
  Lane lane(options(20, 6, 3));
  lane.make_known("https://a:443");
  auto host = lane.schedule.host("https://a:443");
  for (Schedule::Ticket ticket = 1; ticket <= 3; ++ticket) lane.add("https://a:443", ticket);
  auto starts = lane.start_all();
  REQUIRE(starts.size() == 3);
  lane.schedule.speaks_http2(host, true);
  // Those at the worker that has all slots now end first.
  lane.schedule.ended(host, starts[0].worker);
  lane.schedule.ended(host, starts[1].worker);
  for (int other = 0; other < 5000; ++other) {
    auto id = lane.schedule.host("http://other" + std::to_string(other) + ":80");
    lane.schedule.add(id, 100, 100);
    auto start = lane.start_all();
    REQUIRE(start.size() == 1);
    lane.schedule.ended(id, start[0].worker);
  }
  CHECK(lane.schedule.host("https://a:443") == host);
  lane.schedule.ended(host, starts[2].worker);
  CHECK(lane.schedule.running() == 0);
}

TEST_CASE("a host that speaks HTTP/2 has all its slots at one worker, until it does not any more",
          "[fetch]") {
  Lane lane(options(20, 6, 3));
  lane.make_known("https://a:443");
  auto host = lane.schedule.host("https://a:443");
  lane.schedule.speaks_http2(host, true);
  for (Schedule::Ticket ticket = 1; ticket <= 20; ++ticket) lane.add("https://a:443", ticket);
  auto starts = lane.start_all();
  REQUIRE(starts.size() == 6);
  for (const auto& start : starts) {
    CHECK(start.worker == starts[0].worker);
    CHECK(start.quota == 6);
    CHECK(start.http2);
    lane.schedule.ended(host, start.worker);
  }
  lane.schedule.speaks_http2(host, false);
  std::set<int> workers;
  for (const auto& start : lane.start_all()) {
    workers.insert(start.worker);
    CHECK_FALSE(start.http2);
  }
  CHECK(workers.size() == 3);
}
