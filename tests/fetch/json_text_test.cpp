#include "fetch/json_text.h"

#include <rapidjson/document.h>

#include <random>
#include <vector>

#include "fetch/coded_bodies.h"
#include "fetch/utf8.h"
#include "support/catch.h"
#include "support/seed.h"

namespace fetchpool::body {
namespace {

constexpr std::uint64_t kJsonSeed = 77001;

std::string escaped_by_definition(std::string_view text) {
  std::string escaped;
  for (char byte : text) {
    switch (byte) {
      case '"':
        escaped += "\\\"";
        break;
      case '\\':
        escaped += "\\\\";
        break;
      case '\b':
        escaped += "\\b";
        break;
      case '\f':
        escaped += "\\f";
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case '\t':
        escaped += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(byte) < 0x20) {
          char code[8];
          std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(byte));
          escaped += code;
        } else {
          escaped += byte;
        }
    }
  }
  return escaped;
}

// Into memory of exactly the promised room, so that a sanitizer sees a write beyond it.
std::string escaped(std::string_view text, Simd simd = best_simd()) {
  auto room = std::make_unique<char[]>(json_escaped_bound(text.size()));
  auto copy = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), copy.get());
  return {room.get(), escape_json_with(simd, {copy.get(), text.size()}, room.get())};
}

// In all ways that this machine can.
void check_escaped(std::string_view text) {
  std::string expected = escaped_by_definition(text);
  for (Simd simd : {Simd::none, Simd::avx2, Simd::avx512})
    if (simd <= best_simd()) REQUIRE(escaped(text, simd) == expected);
}

std::string parsed(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  REQUIRE_FALSE(document.HasParseError());
  return {document.GetString(), document.GetStringLength()};
}

TEST_CASE("every byte is escaped as RFC 8259 wants it, wherever it stands", "[body]") {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 140; ++place) {
      std::string text(140, 'x');
      text[place] = static_cast<char>(byte);
      check_escaped(text);
      check_escaped(text.substr(0, place + 1));
    }
  }
  CHECK(escaped("").empty());
  CHECK(escaped("\x7F\xE2\x80\xA8\xE2\x80\xA9") == "\x7F\xE2\x80\xA8\xE2\x80\xA9");
}

TEST_CASE("text full of control characters fits the promised room", "[body]") {
  for (std::size_t size : {1, 15, 16, 47, 48, 49, 64, 1000}) {
    std::string text(size, '\x01');
    check_escaped(text);
  }
}

TEST_CASE("text is escaped alike in the fast and the portable ways, whatever is to escape where",
          "[body]") {
  std::mt19937_64 random(test::new_seed());
  // What a text consists of beside letters: each makes another way through the blocks.
  const std::vector<std::string> kinds = {
      "\"\n",       "\"\\\b\f\n\r\t",       "\x01\x1F",
      "\"\n\t\x1B", "\x7F\x80\xC3\xA9\xFF", std::string(1, '\0')};
  const std::vector<unsigned> rarities = {1, 2, 10, 50, 300};
  for (int round = 0; round < 20000; ++round) {
    const std::string& specials = kinds[random() % kinds.size()];
    unsigned rarity = rarities[random() % rarities.size()];
    std::string text(random() % 300, 'x');
    for (char& byte : text)
      if (random() % rarity == 0) byte = specials[random() % specials.size()];
    // At a border of blocks, and at the end.
    if (random() % 2 == 0)
      for (std::size_t at = 31; at < text.size(); at += 32)
        text[at - random() % 2] = specials[random() % specials.size()];
    if (!text.empty() && random() % 4 == 0) text.back() = specials.front();
    CAPTURE(round);
    check_escaped(text);
  }
}

TEST_CASE("pages of any density of escapes come back from a JSON parser", "[body]") {
  CAPTURE(kJsonSeed);
  std::mt19937_64 random(kJsonSeed);
  for (int round = 0; round < 5000; ++round) {
    std::string text = repaired_utf8(damaged(page_of(random() % 400, random()), random));
    for (auto more = random() % 40; more > 0 && !text.empty(); --more) {
      char& byte = text[random() % text.size()];
      if (static_cast<unsigned char>(byte) < 0x80) byte = static_cast<char>(random() % 0x60);
    }
    CAPTURE(round);
    check_escaped(text);
    REQUIRE(parsed('"' + escaped(text) + '"') == text);
  }
}

TEST_CASE("a JSON string of any bytes is valid, with U+FFFD for what is not UTF-8", "[body]") {
  std::string json = "[";
  append_json_string(json, "a\xFF\n");
  CHECK(json == "[\"a\xEF\xBF\xBD\\n\"");
  CAPTURE(kJsonSeed);
  std::mt19937_64 random(kJsonSeed);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = noise_of(random() % 3000, random());
    json.clear();
    append_json_string(json, bytes);
    REQUIRE(parsed(json) == repaired_utf8(bytes));
  }
}

TEST_CASE("escaped text is turned back, and the escapes of others up to U+FFFF", "[body]") {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) text += {static_cast<char>(byte), '\\', 'n'};
  ByteBuffer escaped;
  append_escaped_json(escaped, text);
  std::string inside(escaped.view());
  unescape_json(inside);
  CHECK(inside == text);
  inside = R"(\u00e9\u20ac\/\\u0041\u004)";
  unescape_json(inside);
  CHECK(inside == "\u00e9\u20ac/\\u0041u004");
}

TEST_CASE("a buffer takes escaped text of any length after what it holds", "[body]") {
  for (std::size_t size : {0, 1, 4095, 4096, 4097, 100000}) {
    std::string text = page_of(size, size) + std::string(size / 10, '\x02');
    ByteBuffer out;
    out.append("{");
    append_escaped_json(out, text);
    CHECK(out.view() == "{" + escaped_by_definition(text));
    CHECK(out.capacity() < 2 * out.size() + 6 * 4096 + 64);
  }
}

}  // namespace
}  // namespace fetchpool::body
