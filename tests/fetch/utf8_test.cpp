#include "fetch/utf8.h"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "fetch/coded_bodies.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "support/seed.h"

namespace fetchpool::body {
namespace {

constexpr std::uint64_t kUtf8Seed = 20240611;

// RFC 3629 by its definition: decode, then look whether the shortest form was used.
bool is_valid_by_definition(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    unsigned lead = static_cast<unsigned char>(bytes[at]);
    std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
    if (length == 4 && lead >> 3 != 30) return false;
    if (at + length > bytes.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      unsigned byte = static_cast<unsigned char>(bytes[at + i]);
      if ((byte & 0xC0) != 0x80) return false;
      point = point << 6 | (byte & 0x3F);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
      return false;
    at += length;
  }
  return true;
}

// Bytes at and beside every border of RFC 3629's grammar.
const std::string kBorders =
    "\x01\x41\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4"
    "\xF5\xF8\xFF";

TEST_CASE("every sequence of border bytes is judged as RFC 3629 defines it, wherever it stands",
          "[body]") {
  // Short and long, so that it stands in a tail, in a block and across two. Four bytes alone are
  // nine of ten sequences; of those, a sanitizer sees enough at one place.
  const std::vector<std::size_t> all_places = {0, 29, 31, 40};
  const std::vector<std::size_t> one_place = {29};
  std::size_t wrong = 0;
  for (char a : kBorders)
    for (char b : kBorders)
      for (char c : kBorders)
        for (char d : kBorders)
          for (std::size_t length = 1; length <= 4; ++length) {
            if ((length < 2 && b != kBorders[0]) || (length < 3 && c != kBorders[0]) ||
                (length < 4 && d != kBorders[0]))
              continue;
            std::string sequence = std::string({a, b, c, d}).substr(0, length);
            bool expected = is_valid_by_definition(sequence);
            for (std::size_t place : test::is_sanitized() && length == 4 ? one_place : all_places) {
              std::string text(place, 'x');
              if (place > 0) text.replace(0, 2, "\xC3\xA9");
              if (is_valid_utf8(text + sequence) != expected) ++wrong;
              if (is_valid_utf8(text + sequence + std::string(37, 'y')) != expected) ++wrong;
            }
          }
  CHECK(wrong == 0);
}

TEST_CASE("pages are judged alike by the fast and the plain check after any change of a byte",
          "[body]") {
  CAPTURE(kUtf8Seed);
  std::mt19937_64 random(kUtf8Seed);
  for (int round = 0; round < 20000; ++round) {
    std::string page = page_of(random() % 300, random());
    REQUIRE(is_valid_utf8(page) == is_valid_by_definition(page));
    page = damaged(page, random);
    CAPTURE(round);
    REQUIRE(is_valid_utf8(page) == is_valid_by_definition(page));
  }
}

TEST_CASE("long text is judged alike by the fast and the portable checks, wherever ASCII ends",
          "[body]") {
  std::mt19937_64 random(test::new_seed());
  const std::vector<std::string> characters = {
      "\xC2\x80",     "\xDF\xBF",     "\xE0\xA0\x80",     "\xE2\x82\xAC",
      "\xED\x9F\xBF", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
  std::size_t valid = 0;
  constexpr int kRounds = 20000;
  for (int round = 0; round < kRounds; ++round) {
    std::string text;
    // Runs of ASCII that end anywhere in a block, in a step of blocks and in a word.
    for (auto runs = random() % 6; runs > 0; --runs) {
      text.append(random() % 300, 'x');
      for (auto count = random() % 40; count > 0; --count)
        text += characters[random() % characters.size()];
    }
    if (random() % 2 == 0) text.append(random() % 300, 'x');
    if (!text.empty() && random() % 2 == 0)
      text[random() % text.size()] = kBorders[random() % kBorders.size()];
    if (random() % 4 == 0) text.resize(text.size() - random() % (text.size() + 1) % 4);
    // Exactly as much memory, so that a sanitizer sees a read beyond it.
    auto copy = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), copy.get());
    std::string_view bytes(copy.get(), text.size());
    bool expected = is_valid_by_definition(bytes);
    if (expected) ++valid;
    CAPTURE(round);
    for (Simd simd : {Simd::none, Simd::avx2, Simd::avx512})
      if (simd <= best_simd()) REQUIRE(is_valid_utf8_with(simd, bytes) == expected);
  }
  CHECK(valid > kRounds / 4);
  CHECK(valid < kRounds * 3 / 4);
}

TEST_CASE("what is not UTF-8 becomes one U+FFFD for each start of a character", "[body]") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(repaired_utf8("").empty());
  CHECK(repaired_utf8("plain \xC3\xA9") == "plain \xC3\xA9");
  CHECK(repaired_utf8("\xFF") == mark);
  CHECK(repaired_utf8("a\xE2\x82z") == "a" + mark + "z");
  CHECK(repaired_utf8("\xED\xA0\x80") == mark + mark + mark);
  // The example of Unicode 15, table 3-8.
  CHECK(repaired_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
        mark + mark + mark + mark + mark + mark + mark + mark + "A");
  // And of table 3-11.
  CHECK(repaired_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == mark + mark + mark + mark + "A");
}

TEST_CASE("whatever is repaired is valid, and what was valid stays", "[body]") {
  CAPTURE(kUtf8Seed);
  std::mt19937_64 random(kUtf8Seed);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = round % 2 == 0 ? noise_of(random() % 100, random())
                                       : damaged(page_of(random() % 200, random()), random);
    std::string repaired = repaired_utf8(bytes);
    CAPTURE(round);
    REQUIRE(is_valid_by_definition(repaired));
    if (is_valid_by_definition(bytes)) REQUIRE(repaired == bytes);
  }
}

TEST_CASE("a cut in a character is found, and only there", "[body]") {
  CHECK(utf8_cut("") == 0);
  CHECK(utf8_cut("abc") == 3);
  CHECK(utf8_cut("a\xC3\xA9") == 3);
  CHECK(utf8_cut("a\xC3") == 1);
  CHECK(utf8_cut("a\xF0\x9F\x98") == 1);
  CHECK(utf8_cut("a\xF0\x8F\x98") == 4);  // overlong: nothing can make it a character
  CHECK(utf8_cut("\x80\x80\x80\x80") == 4);
}

}  // namespace
}  // namespace fetchpool::body
