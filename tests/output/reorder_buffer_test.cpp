#include "output/reorder_buffer.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "output/samples.h"
#include "support/catch.h"
#include "support/run_length.h"

namespace fetchpool::output {
namespace {

std::vector<Bytes> pieces_of(const std::string& text, std::size_t piece_bytes) {
  Bytes all(text);
  std::vector<Bytes> pieces;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes)
    pieces.push_back(all.slice(at, piece_bytes));
  return pieces;
}

// All records that are due, each after its number.
void drain(ReorderBuffer& buffer, std::vector<std::string>& records, std::string& current) {
  while (auto piece = buffer.next()) {
    current += piece->bytes.view();
    if (!piece->ends_record) continue;
    records.push_back(std::move(current));
    current.clear();
  }
}

std::vector<std::uint64_t> permutation(std::uint64_t count, std::size_t reach,
                                       std::mt19937& random) {
  std::vector<std::uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = 0; i < count; ++i)
    std::swap(order[i], order[std::min<std::size_t>(count - 1, i + random() % reach)]);
  return order;
}

TEST_CASE("records come back in the order of their numbers", "[reorder_buffer]") {
  TemporaryDirectory directory;
  struct Case {
    std::uint64_t window, spill;
    std::size_t reach;
  };
  for (Case limits :
       {Case{64 << 20, 4ULL << 30, 50}, Case{0, 4ULL << 30, 1000}, Case{1 << 20, 4ULL << 30, 1000},
        Case{0, 0, 300}, Case{2 << 20, 1 << 20, 500}})
    for (unsigned seed = 0; seed < (test::is_sanitized() ? 1 : 3); ++seed) {
      INFO("window " << limits.window << " seed " << seed);
      std::mt19937 random(seed);
      ReorderBuffer buffer({limits.window, limits.spill, {directory.path()}});
      std::vector<std::string> expected;
      for (std::uint64_t seq = 0; seq < 1000; ++seq)
        expected.push_back(
            sample_bytes(seq, random() % 20 == 0 ? random() % 600000 : random() % 3000 / 10 * 10));
      std::vector<std::string> records;
      std::string current;
      for (std::uint64_t seq : permutation(expected.size(), limits.reach, random)) {
        std::string& record = expected[seq];
        if (random() % 2 == 0 && buffer.pass(seq, record.size())) {
          records.push_back(record);
        } else {
          buffer.put(seq, pieces_of(record, 1 + random() % 100000));
        }
        if (random() % 3 == 0) drain(buffer, records, current);
        // Stops in the middle of a record, too.
        if (current.empty() && random() % 4 == 0)
          if (auto piece = buffer.next()) {
            current += piece->bytes.view();
            if (piece->ends_record) records.push_back(std::exchange(current, {}));
          }
      }
      drain(buffer, records, current);
      CHECK(records == expected);
      CHECK(buffer.awaited() == expected.size());
      CHECK(buffer.parked_records() == 0);
      CHECK(buffer.memory_bytes() == 0);
      CHECK(buffer.spilled_bytes() == 0);
      CHECK(buffer.spill_file().disk_bytes() == 0);
    }
}

TEST_CASE("records that come nearly in order are not copied", "[reorder_buffer]") {
  ReorderBuffer buffer;
  std::mt19937 random(1);
  Bytes body(std::string(12000, 'x'));
  for (std::uint64_t group = 0; group < 200; ++group) {
    for (std::uint64_t place : permutation(128, 128, random)) {
      buffer.put(group * 128 + place, {body});
      while (auto piece = buffer.next()) REQUIRE((piece->bytes.data() == body.data()));
    }
  }
  CHECK(buffer.awaited() == 200 * 128);
  CHECK(buffer.copied_bytes() == 0);
}

TEST_CASE("large records that come nearly in order are not copied", "[reorder_buffer]") {
  ReorderBuffer buffer;
  std::mt19937 random(1);
  Bytes body(std::string(1 << 20, 'x'));
  for (std::uint64_t group = 0; group < 50; ++group)
    for (std::uint64_t place : permutation(16, 16, random)) {
      buffer.put(group * 16 + place, {body});
      while (auto piece = buffer.next()) REQUIRE((piece->bytes.data() == body.data()));
    }
  CHECK(buffer.awaited() == 50 * 16);
  CHECK(buffer.copied_bytes() == 0);
}

TEST_CASE("of large records that wait, 16 MiB are kept as they came", "[reorder_buffer]") {
  ReorderBuffer buffer;
  auto body = std::make_shared<std::string>(1 << 20, 'x');
  for (std::uint64_t seq = 1; seq <= 40; ++seq) buffer.put(seq, {Bytes(body, *body)});
  CHECK(body.use_count() == 1 + 16);
  CHECK(buffer.copied_bytes() == 24 << 20);
}

TEST_CASE("large and small records share the memory of the window", "[reorder_buffer]") {
  TemporaryDirectory directory;
  constexpr std::uint64_t kWindow = 64 << 20;
  ReorderBuffer buffer({kWindow, 4ULL << 30, {directory.path()}});
  Bytes small(std::string(12000, 'x'));
  Bytes large(std::string(1 << 20, 'y'));
  std::uint64_t seq = 1;
  std::uint64_t most = 0;
  auto put = [&](const Bytes& body) {
    buffer.put(seq++, {body});
    most = std::max(most, buffer.memory_bytes());
  };
  while (buffer.spilled_bytes() == 0) put(small);
  // Without large ones nothing is kept free for them.
  CHECK(buffer.memory_bytes() > kWindow - (6 << 20));
  for (int i = 0; i < 30; ++i) put(large);
  for (int i = 0; i < 1000; ++i) put(small);
  CHECK(most <= kWindow + (1 << 20));
}

TEST_CASE("what waits for long does not keep the storage it came in", "[reorder_buffer]") {
  ReorderBuffer buffer;
  std::vector<std::weak_ptr<std::string>> blocks;
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    auto block = std::make_shared<std::string>(1 << 20, 'x');
    blocks.push_back(block);
    buffer.put(seq, {Bytes(block, std::string_view(*block).substr(0, 100000))});
  }
  auto alive = std::count_if(blocks.begin(), blocks.end(), [](auto& b) { return !b.expired(); });
  CHECK(alive <= 42);
}

TEST_CASE("one early record among many in order does not keep its storage for ever",
          "[reorder_buffer]") {
  ReorderBuffer buffer;
  auto block = std::make_shared<std::string>(1 << 20, 'x');
  std::weak_ptr<std::string> watched = block;
  buffer.put(5000, {Bytes(block, std::string_view(*block).substr(0, 100))});
  block.reset();
  for (std::uint64_t seq = 0; seq < 3000; ++seq) REQUIRE(buffer.pass(seq, 12000));
  CHECK(watched.expired());
}

TEST_CASE("a hundred thousand records behind a missing one stay within the window",
          "[reorder_buffer]") {
  TemporaryDirectory directory;
  constexpr std::uint64_t kWindow = 64 << 20;
  ReorderBuffer buffer({kWindow, 4ULL << 30, {directory.path()}});
  std::string body = sample_bytes(2, 10000);
  std::uint64_t most = 0;
  for (std::uint64_t seq = 1; seq <= 100000; ++seq) {
    buffer.put(seq, {Bytes(std::to_string(seq)), Bytes(body)});
    most = std::max(most, buffer.memory_bytes());
  }
  CHECK(most <= kWindow);
  CHECK_FALSE(buffer.next());
  CHECK_FALSE(buffer.is_full());
  CHECK(buffer.spilled_bytes() > 900000000);
  CHECK(buffer.spill_file().disk_bytes() <= buffer.spilled_bytes());
  REQUIRE(buffer.pass(0, 10000));
  std::string record;
  std::uint64_t seq = 1;
  while (auto piece = buffer.next()) {
    record += piece->bytes.view();
    if (!piece->ends_record) continue;
    if (record != std::to_string(seq) + body) FAIL("record " << seq << " is not what was put");
    ++seq;
    record.clear();
  }
  CHECK(seq == 100001);
  CHECK(buffer.spill_file().disk_bytes() == 0);
}

TEST_CASE("a full file asks for a pause until a quarter of it is free", "[reorder_buffer]") {
  TemporaryDirectory directory;
  ReorderBuffer buffer({0, 8 << 20, {directory.path()}});
  Bytes megabyte(std::string(1 << 20, 'x'));
  std::uint64_t seq = 1;
  for (; !buffer.is_full(); ++seq) buffer.put(seq, {megabyte});
  CHECK(seq == 9);
  // What was running comes all the same.
  buffer.put(seq++, {megabyte});
  buffer.put(seq++, {megabyte});
  CHECK(buffer.is_full());
  REQUIRE(buffer.pass(0, 1));
  std::uint64_t given = 0;
  while (buffer.is_full()) {
    REQUIRE(buffer.next());
    ++given;
  }
  CHECK(given == 4);
}

TEST_CASE("without a file a full memory asks for a pause", "[reorder_buffer]") {
  ReorderBuffer buffer({1 << 20, 0, {}});
  Bytes piece(std::string(100000, 'x'));
  std::uint64_t seq = 1;
  for (; !buffer.is_full(); ++seq) buffer.put(seq, {piece});
  CHECK(seq >= 10);
  CHECK(seq <= 15);
  REQUIRE(buffer.pass(0, 1));
  while (buffer.next()) continue;
  CHECK_FALSE(buffer.is_full());
}

TEST_CASE("a large record comes out of the file in pieces", "[reorder_buffer]") {
  TemporaryDirectory directory;
  ReorderBuffer buffer({1 << 20, 4ULL << 30, {directory.path()}});
  std::string large = sample_bytes(3, 64 << 20);
  buffer.put(1, {Bytes(large)});
  CHECK(buffer.memory_bytes() <= 1 << 20);
  REQUIRE(buffer.pass(0, 1));
  std::size_t at = 0;
  while (auto piece = buffer.next()) {
    REQUIRE(piece->bytes.size() <= std::size_t{1} << 20);
    REQUIRE(piece->bytes.view() == std::string_view(large).substr(at, piece->bytes.size()));
    at += piece->bytes.size();
  }
  CHECK(at == large.size());
}

TEST_CASE("a million empty and small records take only their index", "[reorder_buffer]") {
  ReorderBuffer buffer;
  for (std::uint64_t seq = 1; seq <= 1000000; ++seq)
    buffer.put(seq, seq % 2 ? std::vector<Bytes>{} : std::vector<Bytes>{Bytes("0123456789")});
  CHECK(buffer.memory_bytes() < 8 << 20);
  REQUIRE(buffer.pass(0, 0));
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  while (auto piece = buffer.next()) {
    records += piece->ends_record;
    bytes += piece->bytes.size();
  }
  CHECK(bytes == 5000000);
  CHECK(records == 1000000);
}

}  // namespace
}  // namespace fetchpool::output
