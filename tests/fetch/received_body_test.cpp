#include "fetch/received_body.h"

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fetch/coded_bodies.h"
#include "fetchpool/error.h"
#include "support/catch.h"

namespace fetchpool::engine {
namespace {

using body::BlockPool;
using body::BodySpool;

constexpr std::uint64_t kPiecesSeed = 4711;

// As many bytes of text with escapes of every length and characters of up to four bytes.
std::string text_of(std::size_t size) {
  constexpr std::string_view kLine =
      "<a href=\"/x\\y\">\u00e4\u20ac\U0001f600</a>\t\x01\r\n plain text ";
  std::string text;
  while (text.size() + kLine.size() <= size) text += kLine;
  return text + std::string(size - text.size(), '.');
}

std::string escaped(const std::string& text) {
  ByteBuffer out;
  REQUIRE(body::append_body(out, text, body::Form::json) == body::Encoding::utf8);
  return std::string(out.view());
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

struct Sent {
  std::string bytes;
  FetchResult::Encoding encoding;
  int runs = 0;
};

// A worker's way of sending.
Sent send(ReceivedBody& body, ipc::SharedArena& arena) {
  Sent sent{{}, body.encoding()};
  ByteBuffer part;
  if (body.is_small()) {
    sent.encoding = body.append_to(part);
    sent.bytes = part.view();
    return sent;
  }
  for (;;) {
    if (auto run = body.take_next_run()) {
      sent.bytes.append(run->memory.data() + ipc::FrameWriter::kHeaderRoom, run->size);
      arena.release(run->memory);
      ++sent.runs;
      continue;
    }
    part.clear();
    bool more = body.append_next_part(part);
    sent.bytes += part.view();
    if (!more) return sent;
  }
}

// What one response after the other goes through; their bytes come in pieces of random size.
struct Fixture {
  explicit Fixture(std::size_t blocks = BlockPool::kDefaultMost,
                   const std::string& directory = "/var/tmp", std::size_t arena_size = 16 << 20)
      : arena_size_(arena_size),
        arena(ipc::SharedArena::create(arena_size)),
        pool(blocks, arena),
        body(options(directory), decoder, pool) {}

  static FetchOptions options(const std::string& directory) {
    FetchOptions options;
    options.body = BodyForm::json_text;
    options.hash = BodyHash::sha256;
    options.spool_directory = directory;
    return options;
  }

  void receive(std::string_view bytes, std::size_t length) {
    body.begin({}, length);
    write(bytes);
    body.finish();
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t count = std::uniform_int_distribution<std::size_t>(1, 40'000)(random);
      std::string_view piece = bytes.substr(0, count);
      if (!body.write_wire(piece)) FAIL("it was not taken");
      bytes.remove_prefix(piece.size());
    }
  }

  bool all_is_free() {
    body.clear();
    auto whole = arena->reserve(arena_size_);
    if (whole.empty() || pool.large_bodies() != 0) return false;
    arena->release(whole);
    return true;
  }

  std::size_t arena_size_;
  std::mt19937_64 random{kPiecesSeed};
  std::shared_ptr<ipc::SharedArena> arena;
  BlockPool pool;
  body::WholeDecoder decoder;
  ReceivedBody body;
};

TEST_CASE("a large text is kept escaped, in the memory it is sent from", "[body]") {
  Fixture fixture;
  for (std::size_t size : {BodySpool::kDefaultSmall + 1, BlockPool::kBlockSize,
                           std::size_t{1} << 20, std::size_t{3'000'000}}) {
    std::string text = text_of(size);
    fixture.receive(text, size);
    CHECK(fixture.body.size() == size);
    CHECK_FALSE(fixture.body.is_small());
    std::string hash = fixture.body.hash();
    Sent sent = send(fixture.body, *fixture.arena);
    CHECK(sent.encoding == FetchResult::Encoding::utf8);
    CHECK((sent.bytes == escaped(text)));
    CHECK(sent.runs == static_cast<int>((sent.bytes.size() - 1) / BlockPool::kBlockSize + 1));
    // Without a length it is kept as it comes.
    fixture.receive(text, 0);
    CHECK(fixture.body.hash() == hash);
    sent = send(fixture.body, *fixture.arena);
    CHECK((sent.bytes == escaped(text)));
    CHECK(sent.runs == 0);
    CHECK(fixture.all_is_free());
  }
}

TEST_CASE("a text keeps memory for an eighth more than its length until it is there", "[body]") {
  Fixture fixture(4);
  std::string text(2 * (BlockPool::kBlockSize / 9 * 8) + 10, '.');
  auto blocks_left = [&] {
    std::vector<BlockPool::Block> left;
    while (BlockPool::Block block = fixture.pool.take(BlockPool::Use::kept))
      left.push_back(std::move(block));
    for (BlockPool::Block& block : left) fixture.pool.give_back(std::move(block));
    return left.size();
  };
  fixture.body.begin({}, text.size());
  CHECK(blocks_left() == 1);
  fixture.write(text);
  CHECK(blocks_left() == 1);
  fixture.body.finish();
  CHECK(blocks_left() == 2);
  CHECK(fixture.all_is_free());
  CHECK(blocks_left() == 4);
}

TEST_CASE("what turns out to be no text goes as base64, wherever that shows", "[body]") {
  Fixture fixture;
  std::string text = text_of(1'000'000);
  for (std::size_t at : {std::size_t{0}, std::size_t{20'000}, std::size_t{700'000}, text.size()}) {
    for (const char* wrong : {"\xff", "\xe2\x82", "\xc0\x80"}) {
      std::string bytes = text.substr(0, at) + wrong + text.substr(at);
      fixture.receive(bytes, bytes.size());
      CHECK(fixture.body.size() == bytes.size());
      ByteBuffer expected;
      REQUIRE(body::append_body(expected, bytes, body::Form::json) == body::Encoding::base64);
      std::string hash = fixture.body.hash();
      Sent sent = send(fixture.body, *fixture.arena);
      CHECK(sent.encoding == FetchResult::Encoding::base64);
      CHECK((sent.bytes == expected.view()));
      fixture.receive(bytes, 0);
      CHECK(fixture.body.hash() == hash);
      CHECK(fixture.all_is_free());
    }
  }
}

TEST_CASE("a body may be shorter or longer than its server said", "[body]") {
  Fixture fixture;
  for (std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{5'000'000}}) {
    std::string text = text_of(size);
    fixture.receive(text, 1'000'000);
    CHECK(fixture.body.size() == size);
    CHECK(fixture.body.is_small() == (size == 0));
    Sent sent = send(fixture.body, *fixture.arena);
    CHECK(sent.encoding == FetchResult::Encoding::utf8);
    CHECK((sent.bytes == escaped(text)));
    CHECK(fixture.all_is_free());
  }
}

TEST_CASE("where shared memory is full, a text is sent from the process's own", "[body]") {
  Fixture fixture(BlockPool::kDefaultMost, "/var/tmp", 1 << 20);  // three runs
  std::string text = text_of(1'500'000);
  fixture.receive(text, text.size());
  Sent sent = send(fixture.body, *fixture.arena);
  CHECK((sent.bytes == escaped(text)));
  CHECK(sent.runs == 3);
  CHECK(fixture.all_is_free());
}

TEST_CASE("a text with more escapes than there is memory for is kept as it came", "[body]") {
  Fixture fixture(8);
  std::string text(2 * BlockPool::kBlockSize, '\x01');
  fixture.receive(text, text.size());
  CHECK(fixture.body.size() == text.size());
  Sent sent = send(fixture.body, *fixture.arena);
  CHECK((sent.bytes == escaped(text)));
  CHECK(sent.runs == 0);
  CHECK(fixture.all_is_free());
}

TEST_CASE("a text that is longer than its server said goes on in a file", "[body]") {
  Fixture fixture(8);
  std::string text = text_of(12 * BlockPool::kBlockSize);
  auto files = open_descriptors();
  fixture.receive(text, 3 * BlockPool::kBlockSize);
  CHECK(open_descriptors() == files + 1);
  CHECK(fixture.body.size() == text.size());
  CHECK((send(fixture.body, *fixture.arena).bytes == escaped(text)));
  CHECK(fixture.all_is_free());
  CHECK(open_descriptors() == files);
}

TEST_CASE("where there is no room on the disk, what was kept is told", "[body]") {
  Fixture fixture(8, "/nonexistent/spool");
  std::string text = text_of(12 * BlockPool::kBlockSize);
  fixture.body.begin({}, 3 * BlockPool::kBlockSize);
  CHECK_THROWS_AS(fixture.write(text), SystemError);
  fixture.body.finish();
  std::size_t size = fixture.body.size();
  CHECK(size > 7 * BlockPool::kBlockSize);
  CHECK(size < text.size());
  std::string hash = fixture.body.hash();
  ByteBuffer expected;  // text or not, as memory had room for it
  body::append_body(expected, text.substr(0, size), body::Form::json);
  CHECK((send(fixture.body, *fixture.arena).bytes == expected.view()));
  fixture.receive(text.substr(0, size), 0);
  CHECK(fixture.body.hash() == hash);
}

}  // namespace
}  // namespace fetchpool::engine
