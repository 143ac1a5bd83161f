#include "output/segment_table.h"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "support/catch.h"

namespace fetchpool::output {
namespace {

// Takes `size` bytes into use; where the first of them is.
std::uint64_t take_room(SegmentTable& table, std::uint64_t size) {
  SegmentTable::Run first = table.extend(size);
  for (std::uint64_t left = size - first.size; left > 0;) left -= table.extend(left).size;
  return table.position(first);
}

void give_back(SegmentTable& table, std::uint64_t position, std::uint64_t size) {
  while (size > 0) {
    SegmentTable::Run run = table.run_at(position, size);
    size -= run.size;
    position = table.release(run).following;
  }
}

TEST_CASE("room that was given back is used again", "[segment_table]") {
  SegmentTable table(100);
  std::uint64_t first = take_room(table, 250);
  CHECK(table.allocated_bytes() == 300);
  CHECK(table.growth_for(50) == 0);
  CHECK(table.growth_for(51) == 100);
  std::uint64_t second = take_room(table, 50);
  give_back(table, first, 250);
  CHECK(table.allocated_bytes() == 100);
  take_room(table, 200);
  CHECK(table.allocated_bytes() == 300);
  give_back(table, second, 50);
  CHECK(table.free_segments() == 1);
}

TEST_CASE("with nothing in use no segment is", "[segment_table]") {
  SegmentTable table(100);
  std::uint64_t first = take_room(table, 150);
  std::uint64_t second = take_room(table, 30);
  give_back(table, second, 30);
  CHECK(table.allocated_bytes() == 200);
  give_back(table, first, 150);
  CHECK(table.allocated_bytes() == 0);
  CHECK(table.live_bytes() == 0);
}

TEST_CASE("no byte is in use twice at any time", "[segment_table]") {
  SegmentTable table(64);
  std::mt19937 random(4);
  std::map<std::uint64_t, int> owner;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> records;
  auto each_byte = [&](std::uint64_t position, std::uint64_t size, auto&& visit) {
    for (std::uint64_t i = 0; i < size; ++i) visit(position + i);
  };
  std::uint64_t most = 0;
  for (int step = 0; step < 5000; ++step) {
    if (records.size() < 20 && random() % 5 < 3) {
      std::uint64_t size = 1 + random() % 200;
      SegmentTable::Run first{};
      for (std::uint64_t left = size; left > 0;) {
        SegmentTable::Run run = table.extend(left);
        if (left == size) first = run;
        each_byte(table.position(run), run.size,
                  [&](std::uint64_t at) { REQUIRE(++owner[at] == 1); });
        left -= run.size;
      }
      records.emplace_back(table.position(first), size);
    } else if (!records.empty()) {
      std::size_t chosen = random() % records.size();
      auto [position, size] = records[chosen];
      records.erase(records.begin() + static_cast<std::ptrdiff_t>(chosen));
      while (size > 0) {
        SegmentTable::Run run = table.run_at(position, size);
        each_byte(position, run.size, [&](std::uint64_t at) { REQUIRE(--owner[at] == 0); });
        size -= run.size;
        position = table.release(run).following;
      }
    }
    most = std::max(most, table.allocated_bytes());
  }
  // 20 records of 200 bytes, each keeping at most two segments beyond its own bytes.
  CHECK(most <= 20 * (200 + 2 * 64));
}

}  // namespace
}  // namespace fetchpool::output
