#include "fetch/whole_decoder.h"

#include <random>

#include "fetch/coded_bodies.h"
#include "support/catch.h"
#include "support/run_length.h"

namespace fetchpool::body {
namespace {

constexpr std::uint64_t kWholeSeed = 1950;

// What libdeflate takes though RFC 1951 forbids it, in zlib's words.
bool is_known_leniency(const Decoded& streamed, const WholeBody& whole) {
  if (streamed.status != Status::corrupt || whole.status != Status::finished) return false;
  for (std::string_view words : {"literal/length code", "distance code", "s set"})
    if (streamed.reason.ends_with(words)) return true;
  return false;
}

void check_same(WholeDecoder& decoder, std::string_view token, std::string_view wire,
                const Limits& limits) {
  Decoded streamed = decoded(token, wire, limits);
  TextOutput output;
  WholeBody whole = decoder.decode(token, wire, limits, output);
  if (is_known_leniency(streamed, whole)) {
    REQUIRE(output.text.starts_with(streamed.text));
    return;
  }
  REQUIRE(whole.status == streamed.status);
  REQUIRE(whole.reason == streamed.reason);
  REQUIRE(whole.flags.members == streamed.flags.members);
  REQUIRE(whole.flags.trailing_junk == streamed.flags.trailing_junk);
  REQUIRE(whole.decoded_bytes == streamed.text.size());
  REQUIRE(output.text == streamed.text);
}

TEST_CASE("whole bodies decode as streams do, whatever was damaged", "[body]") {
  CAPTURE(kWholeSeed);
  std::mt19937_64 random(kWholeSeed);
  WholeDecoder decoder;
  const std::string codings[] = {"gzip", "gzip", "deflate", "raw deflate", "br", "zstd"};
  for (int round = 0; round < test::shorter_if_sanitized(6000); ++round) {
    const std::string& coding = codings[random() % 6];
    std::string wire = coded(coding, page_of(random() % 8000, random()));
    if (random() % 8 == 0) wire += coded(coding, page_of(random() % 8000, random()));
    if (random() % 8 == 0) wire += noise_of(random() % 20, random());
    if (random() % 4 != 0) wire = damaged(wire, random);
    Limits limits{.decoded_bytes = random() % 2 == 0 ? 0 : 1 + random() % 8000};
    CAPTURE(round, coding, limits.decoded_bytes);
    check_same(decoder, coding == "raw deflate" ? "deflate" : coding, wire, limits);
  }
}

TEST_CASE("every change of one bit of a small gzip or zlib stream ends alike on both paths",
          "[body]") {
  WholeDecoder decoder;
  for (std::string coding : {"gzip", "deflate"}) {
    const std::string intact = coded(coding, page_of(200, kWholeSeed));
    for (std::size_t bit = 0; bit < intact.size() * 8; ++bit) {
      std::string wire = intact;
      wire[bit / 8] ^= static_cast<char>(1 << bit % 8);
      CAPTURE(coding, bit);
      check_same(decoder, coding, wire, {});
      check_same(decoder, coding, wire, {.decoded_bytes = 100});
    }
  }
}

TEST_CASE("a body that is finished under its checksum is the right one, whichever bit was changed",
          "[body]") {
  const std::string body(259, 'a');
  const std::string intact = gzip_of(body, 9);
  WholeDecoder decoder;
  // Behind the header, whose bits need not matter.
  for (std::size_t bit = 80; bit < intact.size() * 8; ++bit) {
    std::string wire = intact;
    wire[bit / 8] ^= static_cast<char>(1 << bit % 8);
    TextOutput output;
    CAPTURE(bit);
    if (decoder.decode("gzip", wire, {}, output).status == Status::finished)
      CHECK(output.text == body);
  }
}

TEST_CASE("a gzip header with name, comment and a checksum is read alike on both paths", "[body]") {
  WholeDecoder decoder;
  std::string plain = gzip_of("the body");
  for (int flags = 0; flags < 256; ++flags) {
    std::string wire = plain;
    wire[3] = static_cast<char>(flags);
    wire.insert(10, std::string("\x02\0xyname\0comment\0", 17));
    CAPTURE(flags);
    check_same(decoder, "gzip", wire, {});
  }
}

TEST_CASE("a gzip trailer that lies about the size is found out", "[body]") {
  WholeDecoder decoder;
  std::string body = page_of(10000, kWholeSeed);
  for (std::uint32_t claimed : {0U, 1U, 9999U, 10001U, 1U << 20, 1U << 30, 0xffffffffU}) {
    std::string wire = gzip_of(body);
    for (int i = 0; i < 4; ++i)
      wire[wire.size() - 4 + static_cast<std::size_t>(i)] = static_cast<char>(claimed >> 8 * i);
    CAPTURE(claimed);
    check_same(decoder, "gzip", wire, {});
    TextOutput output;
    CHECK(decoder.decode("gzip", wire, {}, output).status == Status::corrupt);
  }
}

TEST_CASE("bombs, long bodies and limits end alike on both paths", "[body]") {
  WholeDecoder decoder;
  std::string zeros(16 << 20, '\0');
  std::string page = page_of(400000, kWholeSeed);
  for (std::string coding : {"gzip", "deflate"}) {
    CAPTURE(coding);
    check_same(decoder, coding, coded(coding, zeros), {.decoded_bytes = 1 << 20});
    check_same(decoder, coding, coded(coding, zeros), {});
    check_same(decoder, coding, coded(coding, page), {});
    check_same(decoder, coding, coded(coding, page), {.decoded_bytes = 400000});
    check_same(decoder, coding, coded(coding, page), {.decoded_bytes = 399999});
    check_same(decoder, coding, coded(coding, noise_of(300000, 1)), {});
    check_same(decoder, coding, "", {});
  }
  check_same(decoder, "gzip, br", brotli_of(gzip_of(page)), {});
  check_same(decoder, "gzip, br, br", "x", {});
  check_same(decoder, "unheard-of", "x", {});
  check_same(decoder, "", page, {.decoded_bytes = 5});
}

}  // namespace
}  // namespace fetchpool::body
