#include "fetch/base64.h"

#include <random>

#include "fetch/coded_bodies.h"
#include "support/catch.h"

namespace fetchpool::body {
namespace {

constexpr std::uint64_t kBase64Seed = 4648;

std::string base64_by_definition(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string digits;
  unsigned bits = 0;
  int count = 0;
  for (char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) digits += alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) digits += alphabet[bits << (6 - count) & 63];
  while (digits.size() % 4 != 0) digits += '=';
  return digits;
}

std::string base64(std::string_view bytes) {
  ByteBuffer out;
  append_base64(out, bytes);
  return std::string(out.view());
}

TEST_CASE("the examples of RFC 4648 come out", "[body]") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foob") == "Zm9vYg==");
  CHECK(base64("fooba") == "Zm9vYmE=");
  CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 of any bytes of any length is what the definition says", "[body]") {
  for (std::size_t size = 0; size < 600; ++size) {
    std::string bytes = noise_of(size, kBase64Seed + size);
    REQUIRE(base64(bytes) == base64_by_definition(bytes));
    REQUIRE(base64(bytes).size() == base64_size(size));
  }
}

TEST_CASE("base64 in pieces of any cut is that of the whole", "[body]") {
  CAPTURE(kBase64Seed);
  std::mt19937_64 random(kBase64Seed);
  Base64Encoder encoder;
  for (int round = 0; round < 1000; ++round) {
    std::string bytes = noise_of(random() % 300, random());
    ByteBuffer out;
    std::string_view rest = bytes;
    while (!rest.empty()) {
      std::size_t size = std::min<std::size_t>(rest.size(), random() % 40);
      encoder.append(out, rest.substr(0, size));
      rest.remove_prefix(size);
    }
    encoder.finish(out);
    CAPTURE(round);
    REQUIRE(out.view() == base64_by_definition(bytes));
  }
}

}  // namespace
}  // namespace fetchpool::body
