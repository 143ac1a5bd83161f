#include "fetch/body_text.h"

#include <random>

#include "fetch/coded_bodies.h"
#include "fetch/utf8.h"
#include "support/catch.h"

namespace fetchpool::body {
namespace {

constexpr std::uint64_t kTextSeed = 991;

TEST_CASE("text goes as UTF-8, all else as base64, and raw as it is", "[body]") {
  ByteBuffer out;
  CHECK(append_body(out, "caf\xC3\xA9 \"x\"\n", Form::json) == Encoding::utf8);
  CHECK(out.view() == "caf\xC3\xA9 \\\"x\\\"\\n");
  out.clear();
  CHECK(append_body(out, "caf\xE9", Form::json) == Encoding::base64);
  CHECK(out.view() == "Y2Fm6Q==");
  out.clear();
  CHECK(append_body(out, "caf\xE9", Form::raw) == Encoding::raw);
  CHECK(out.view() == "caf\xE9");
  out.clear();
  CHECK(append_body(out, "", Form::json) == Encoding::utf8);
  CHECK(out.empty());
  CHECK(name_of(Encoding::utf8) == "utf-8");
  CHECK(name_of(Encoding::base64) == "base64");
}

TEST_CASE("a body with NUL is not text", "[body]") {
  ByteBuffer out;
  CHECK(append_body(out, std::string_view("a\0b", 3), Form::json) == Encoding::base64);
  TextProbe probe;
  probe.feed(std::string_view("a\0b", 3));
  CHECK_FALSE(probe.is_text());
}

TEST_CASE("a body in pieces of any cut travels as the whole does", "[body]") {
  CAPTURE(kTextSeed);
  std::mt19937_64 random(kTextSeed);
  for (int round = 0; round < 5000; ++round) {
    std::string body = page_of(random() % 200, random());
    if (round % 3 == 0) body = damaged(body, random);
    std::vector<std::string_view> pieces;
    std::size_t most = 1 + random() % 30;
    for (std::string_view rest = body; !rest.empty();) {
      std::size_t size = std::min<std::size_t>(rest.size(), random() % (most + 1));
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ByteBuffer whole;
    Encoding encoding = append_body(whole, body, Form::json);
    TextProbe probe;
    for (auto piece : pieces) probe.feed(piece);
    CAPTURE(round, body);
    REQUIRE(probe.is_text() == (encoding == Encoding::utf8));
    if (probe.is_text()) REQUIRE(probe.is_text_so_far());
    BodyEncoder encoder(encoding);
    ByteBuffer out;
    for (auto piece : pieces) encoder.append(out, piece);
    encoder.finish(out);
    REQUIRE(out.view() == whole.view());
  }
}

TEST_CASE("a character cut at the end of the body makes it no text", "[body]") {
  TextProbe probe;
  probe.feed("caf\xC3");
  CHECK_FALSE(probe.is_text());
  CHECK(probe.is_text_so_far());
  probe.feed("\xA9");
  CHECK(probe.is_text());
  probe.feed("\xA9");
  CHECK_FALSE(probe.is_text_so_far());
  probe.clear();
  CHECK(probe.is_text());
}

TEST_CASE("a buffer's bytes are handed on without a copy", "[body]") {
  ByteBuffer buffer;
  buffer.append("some bytes");
  const char* storage = buffer.data();
  Bytes bytes = buffer.release();
  CHECK(bytes.view() == "some bytes");
  CHECK(bytes.data() == storage);
  CHECK(buffer.empty());
  buffer.append("others");
  CHECK(buffer.view() == "others");
  CHECK(bytes.view() == "some bytes");
}

}  // namespace
}  // namespace fetchpool::body
