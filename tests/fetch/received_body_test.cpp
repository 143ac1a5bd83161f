#include "fetch/received_body.h"

#include <cstdint>
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
  explicit Fixture(std::size_t blocks = 32, const std::string& directory = "/var/tmp")
      : pool(blocks, arena), body(options(directory), decoder, pool) {}

  static FetchOptions options(const std::string& directory) {
    FetchOptions options;
    options.body = BodyForm::json_text;
    options.hash = BodyHash::sha256;
    options.spool_directory = directory;
    return options;
  }

  void receive(std::string_view bytes, std::size_t length) {
    body.begin({}, length);
    while (!bytes.empty()) {
      std::size_t count = std::uniform_int_distribution<std::size_t>(1, 40'000)(random);
      std::string_view piece = bytes.substr(0, count);
      REQUIRE(body.write_wire(piece));
      bytes.remove_prefix(piece.size());
    }
    body.finish();
  }

  bool all_is_free() {
    body.clear();
    auto whole = arena->reserve(kArena);
    if (whole.empty()) return false;
    arena->release(whole);
    return true;
  }

  static constexpr std::size_t kArena = std::size_t{16} << 20;
  std::mt19937_64 random{kPiecesSeed};
  std::shared_ptr<ipc::SharedArena> arena = ipc::SharedArena::create(kArena);
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

TEST_CASE("a text for which there is not memory enough goes on in a file, as it came", "[body]") {
  Fixture fixture(4);
  std::string text = text_of(6 * BlockPool::kBlockSize);
  fixture.receive(text, text.size());
  CHECK(fixture.body.size() == text.size());
  Sent sent = send(fixture.body, *fixture.arena);
  CHECK((sent.bytes == escaped(text)));
  CHECK(sent.runs == 0);
  CHECK(fixture.all_is_free());
}

TEST_CASE("where there is no room on the disk, what was kept is told", "[body]") {
  Fixture fixture(4, "/nonexistent/spool");
  std::string text = text_of(6 * BlockPool::kBlockSize);
  fixture.body.begin({}, text.size());
  CHECK_THROWS_AS(fixture.body.write_wire(text), SystemError);
  fixture.body.finish();
  std::size_t size = fixture.body.size();
  CHECK(size > 3 * BlockPool::kBlockSize);
  CHECK(size < text.size());
  std::string hash = fixture.body.hash();
  ByteBuffer expected;  // text or not, as the disk had it
  body::append_body(expected, text.substr(0, size), body::Form::json);
  CHECK((send(fixture.body, *fixture.arena).bytes == expected.view()));
  fixture.receive(text.substr(0, size), 0);
  CHECK(fixture.body.hash() == hash);
}

}  // namespace
}  // namespace fetchpool::engine
