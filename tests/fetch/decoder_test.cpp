#include "fetch/decoder.h"

#include <random>

#include "fetch/coded_bodies.h"
#include "support/catch.h"

namespace fetchpool::body {
namespace {

constexpr std::uint64_t kDecoderSeed = 1952;
const std::string kCodings[] = {"gzip", "deflate", "raw deflate", "br", "zstd", "identity"};

std::string token_of(const std::string& coding) {
  return coding == "raw deflate" ? "deflate" : coding;
}

TEST_CASE("bodies of every coding come back whole, in pieces of any size", "[body]") {
  for (const std::string& coding : kCodings) {
    for (std::size_t size : {0, 1, 100, 12000, 32768, 65536, 300000}) {
      std::string body = size % 3 == 0 ? page_of(size, size) : noise_of(size, size);
      std::string wire = coded(coding, body);
      for (std::size_t piece_size : {0, 1, 7, 1000}) {
        if (piece_size == 1 && size > 20000) continue;
        CAPTURE(coding, size, piece_size);
        Decoded result = decoded(token_of(coding), wire, {}, piece_size);
        REQUIRE(result.status == Status::finished);
        REQUIRE(result.text == body);
        REQUIRE_FALSE(result.flags.trailing_junk);
      }
    }
  }
}

TEST_CASE("a body cut at any byte is truncated, and what came is a start of it", "[body]") {
  std::string body = page_of(3000, kDecoderSeed);
  for (const std::string& coding : kCodings) {
    if (coding == "identity") continue;
    std::string wire = coded(coding, body);
    for (std::size_t cut = 1; cut < wire.size(); ++cut) {
      CAPTURE(coding, cut);
      Decoded result = decoded(token_of(coding), wire.substr(0, cut));
      REQUIRE(result.status == Status::truncated);
      REQUIRE(body.starts_with(result.text));
      REQUIRE_FALSE(result.reason.empty());
    }
  }
}

TEST_CASE("no bytes at all are an empty body under every coding", "[body]") {
  for (const std::string& coding : kCodings)
    CHECK(decoded(token_of(coding), "").status == Status::finished);
  CHECK(decoded("gzip, br", "").status == Status::finished);
}

TEST_CASE("bytes after the end are flagged and dropped", "[body]") {
  std::string body = page_of(500, kDecoderSeed);
  for (const std::string& coding : kCodings) {
    if (coding == "identity") continue;
    for (std::string junk :
         {std::string(1, '\0'), std::string("junk junk junk"), std::string("\x1f\x8b\x09"),
          std::string("\x28\xb5\x2f\xfe"), noise_of(100000, 2)}) {
      for (std::size_t piece_size : {0, 1, 300}) {
        CAPTURE(coding, junk.size(), piece_size);
        Decoded result = decoded(token_of(coding), coded(coding, body) + junk, {}, piece_size);
        REQUIRE(result.status == Status::finished);
        REQUIRE(result.text == body);
        REQUIRE(result.flags.trailing_junk);
      }
    }
  }
}

TEST_CASE("gzip members and zstd frames one after the other are one body", "[body]") {
  for (std::string coding : {"gzip", "zstd"}) {
    std::string wire;
    std::string body;
    for (std::size_t size : {1000, 0, 1, 70000}) {
      wire += coded(coding, page_of(size, size));
      body += page_of(size, size);
    }
    for (std::size_t piece_size : {0, 1, 5, 4096}) {
      CAPTURE(coding, piece_size);
      Decoded result = decoded(coding, wire, {}, piece_size);
      REQUIRE(result.status == Status::finished);
      REQUIRE(result.text == body);
      REQUIRE(result.flags.members == 4);
    }
    Decoded with_junk = decoded(coding, wire + "junk");
    CHECK(with_junk.status == Status::finished);
    CHECK(with_junk.flags.trailing_junk);
    std::string one = coded(coding, "one");
    std::string two = one + coded(coding, "two");
    for (std::size_t cut = one.size() + 1; cut < two.size(); ++cut) {
      CAPTURE(coding, cut);
      REQUIRE(decoded(coding, two.substr(0, cut)).status == Status::truncated);
    }
    CHECK(decoded(coding, two.substr(0, one.size())).status == Status::finished);
  }
}

TEST_CASE("skippable zstd frames are skipped", "[body]") {
  std::string skippable = std::string("\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
  CHECK(decoded("zstd", skippable).status == Status::finished);
  CHECK(decoded("zstd", skippable + zstd_of("body"), {}, 1).text == "body");
  CHECK(decoded("zstd", zstd_of("body") + skippable.substr(0, 9)).status == Status::truncated);
}

TEST_CASE("a plain body under a coding's name is corrupt", "[body]") {
  for (std::string coding : {"gzip", "br", "zstd", "deflate"}) {
    CAPTURE(coding);
    Decoded result = decoded(coding, "<!DOCTYPE html><html><body>plain</body></html>");
    CHECK(result.status == Status::corrupt);
    CHECK_THAT(result.reason, ContainsSubstring(coding));
  }
}

TEST_CASE("a wrong checksum is corrupt after all bytes came", "[body]") {
  std::string body = page_of(1000, 3);
  for (std::string coding : {"gzip", "deflate", "zstd"}) {
    std::string wire = coded(coding, body);
    wire[wire.size() - (coding == "gzip" ? 8 : 1)] ^= 1;
    CAPTURE(coding);
    CHECK(decoded(coding, wire).status == Status::corrupt);
  }
}

TEST_CASE("two codings are undone in reverse, more are refused", "[body]") {
  std::string body = page_of(50000, 4);
  for (const std::string& inner : kCodings)
    for (const std::string& outer : kCodings) {
      CAPTURE(inner, outer);
      std::string wire = coded(outer, coded(inner, body));
      Decoded result = decoded(token_of(inner) + ", " + token_of(outer), wire, {}, 777);
      REQUIRE(result.status == Status::finished);
      REQUIRE(result.text == body);
      if (inner == "identity" || outer == "identity") continue;
      REQUIRE(decoded(token_of(inner) + "," + token_of(outer), wire.substr(0, wire.size() - 1))
                  .status == Status::truncated);
    }
  CHECK(decoded("gzip, br, gzip", "x").status == Status::too_many);
  CHECK(decoded("gzip, gzip, gzip, gzip, gzip, gzip", "x").status == Status::too_many);
}

TEST_CASE("the inner stream cut by a whole outer one is truncated", "[body]") {
  std::string inner = gzip_of(page_of(5000, 5));
  std::string wire = brotli_of(inner.substr(0, inner.size() / 2));
  CHECK(decoded("gzip, br", wire).status == Status::truncated);
  CHECK(decoded("gzip, br", brotli_of(inner + "junk")).flags.trailing_junk);
}

TEST_CASE("codings are named as servers name them", "[body]") {
  CHECK(decoded("GZip", gzip_of("x")).text == "x");
  CHECK(decoded("x-gzip", gzip_of("x")).text == "x");
  CHECK(decoded(" , identity,\tgzip ,", gzip_of("x")).text == "x");
  CHECK(decoded("none", "x").text == "x");
  CHECK(decoded("", "x").text == "x");
  auto unknown = Decoder::make("aes128gcm", {});
  TextOutput output;
  CHECK(unknown->status() == Status::unknown);
  CHECK(unknown->feed("x", output) == Status::unknown);
  CHECK(unknown->finish(output) == Status::unknown);
  CHECK(output.text.empty());
  CHECK_THAT(unknown->reason(), ContainsSubstring("aes128gcm"));
  CHECK(Decoder::make("gzip, compress", {})->status() == Status::unknown);
  CHECK(Decoder::make("identity", {})->is_identity());
  CHECK_FALSE(Decoder::make("gzip", {})->is_identity());
}

TEST_CASE("exactly as many bytes come out as are allowed", "[body]") {
  std::string body = page_of(100000, 6);
  for (const std::string& coding : kCodings) {
    std::string wire = coded(coding, body);
    for (std::size_t piece_size : {0, 1, 4000}) {
      CAPTURE(coding, piece_size);
      for (std::uint64_t limit : {1, 32768, 65536, 99999}) {
        Decoded result = decoded(token_of(coding), wire, {.decoded_bytes = limit}, piece_size);
        REQUIRE(result.status == Status::too_large);
        REQUIRE(result.text == body.substr(0, limit));
      }
      REQUIRE(decoded(token_of(coding), wire, {.decoded_bytes = 100000}, piece_size).status ==
              Status::finished);
    }
  }
}

TEST_CASE("bombs stop at the limit, in small blocks and a short time", "[body]") {
  std::string zeros(64 << 20, '\0');
  for (const std::string& coding : kCodings) {
    if (coding == "identity") continue;
    std::string bomb = coded(coding, zeros);
    auto start = std::chrono::steady_clock::now();
    auto decoder = Decoder::make(token_of(coding), {.decoded_bytes = 1 << 20});
    TextOutput output;
    CAPTURE(coding, bomb.size());
    CHECK(decoder->feed(bomb, output) == Status::too_large);
    CHECK(output.text.size() == 1 << 20);
    CHECK(output.largest_block <= 64 << 10);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  }
}

TEST_CASE("a bomb in a bomb stops, also when its inside never comes out", "[body]") {
  std::string members;
  for (int i = 0; i < 20000; ++i) members += gzip_of("");
  std::string wire = gzip_of(members);
  Decoded result = decoded("gzip, gzip", wire, {.decoded_bytes = 10000});
  CHECK(result.status == Status::too_large);
  CHECK(decoded("gzip, gzip", wire).flags.members == 1);
  std::string bomb = gzip_of(gzip_of(std::string(64 << 20, '\0')));
  CHECK(decoded("gzip, gzip", bomb, {.decoded_bytes = 1 << 20}).text.size() == 1 << 20);
}

TEST_CASE("a zstd window beyond 8 MiB is refused before memory is taken for it", "[body]") {
  std::string body = page_of(1000, 7);
  CHECK(decoded("zstd", zstd_of(body, 23)).text == body);
  for (int window_log : {24, 27, 30}) {
    Decoded result = decoded("zstd", zstd_of(body, window_log));
    CAPTURE(window_log);
    CHECK(result.status == Status::too_large);
    CHECK_THAT(result.reason, ContainsSubstring("window"));
  }
}

TEST_CASE("a damaged body ends alike however it is cut, and never comes back as another one",
          "[body]") {
  CAPTURE(kDecoderSeed);
  std::mt19937_64 random(kDecoderSeed);
  for (int round = 0; round < 4000; ++round) {
    const std::string& coding = kCodings[random() % 5];
    std::string body = page_of(random() % 5000, random());
    std::string wire = damaged(coded(coding, body), random);
    Limits limits{.decoded_bytes = round % 2 == 0 ? 0U : 2000U};
    CAPTURE(round, coding);
    Decoded whole = decoded(token_of(coding), wire, limits);
    Decoded pieces = decoded(token_of(coding), wire, limits, 1 + random() % 100);
    bool loses_bytes_at_faults = coding == "br" || coding == "zstd";
    if (loses_bytes_at_faults && whole.status != pieces.status) {
      REQUIRE((whole.status == Status::corrupt || whole.status == Status::too_large));
      REQUIRE((pieces.status == Status::corrupt || pieces.status == Status::too_large));
      continue;
    }
    REQUIRE(whole.status == pieces.status);
    REQUIRE(whole.flags.members == pieces.flags.members);
    REQUIRE(whole.flags.trailing_junk == pieces.flags.trailing_junk);
    if (!loses_bytes_at_faults || whole.status == Status::finished)
      REQUIRE(whole.text == pieces.text);
    bool has_checksum = coding == "gzip" || coding == "zstd" || coding == "deflate";
    if (has_checksum && whole.status == Status::finished && whole.flags.members == 1 &&
        !whole.flags.trailing_junk)
      REQUIRE(whole.text == body);
  }
}

}  // namespace
}  // namespace fetchpool::body
