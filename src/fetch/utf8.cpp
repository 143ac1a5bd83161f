#include "fetch/utf8.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "fetch/byte_at.h"
#include "fetch/simd.h"

namespace fetchpool::body {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The number of ASCII bytes at the start, or fewer by less than a step: a place to look closer.
std::size_t ascii_steps(std::string_view bytes) {
  std::size_t done = 0;
#if defined(__x86_64__)
  auto load = [&](std::size_t at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
  };
  for (; bytes.size() - done >= 64; done += 64) {
    __m128i any = _mm_or_si128(_mm_or_si128(load(done), load(done + 16)),
                               _mm_or_si128(load(done + 32), load(done + 48)));
    if (_mm_movemask_epi8(any) != 0) break;
  }
#endif
  for (; bytes.size() - done >= 8; done += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + done, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  return done;
}

bool is_valid_portable(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(ascii_steps(bytes));
    if (bytes.empty()) return true;
    // At least a word or a character before the next look for a run of ASCII.
    std::size_t looked_at = 0;
    while (looked_at < 8 && looked_at < bytes.size()) {
      if (byte_at(bytes, looked_at) < 0x80) {
        ++looked_at;
        continue;
      }
      auto sequence = first_utf8_sequence(bytes.substr(looked_at));
      if (sequence.kind != Utf8Sequence::Kind::valid) return false;
      looked_at += sequence.length;
    }
    bytes.remove_prefix(looked_at);
  }
}

#if defined(__x86_64__)

// "Validating UTF-8 in less than one instruction per byte" (Keiser, Lemire 2020): the high and the
// low half of a byte and the high half of the next one each say by table which errors the two
// could be; what all three say is one. Only the count of continuation bytes of sequences of three
// and four remains to be checked.
constexpr std::uint8_t kTooShort = 1 << 0;      // a lead byte without a continuation
constexpr std::uint8_t kTooLong = 1 << 1;       // a continuation after ASCII
constexpr std::uint8_t kOverlong3 = 1 << 2;     // E0 80-9F
constexpr std::uint8_t kTooLarge = 1 << 3;      // F4 90-BF, F5 and above
constexpr std::uint8_t kSurrogate = 1 << 4;     // ED A0-BF
constexpr std::uint8_t kOverlong2 = 1 << 5;     // C0, C1
constexpr std::uint8_t kTooLarge1000 = 1 << 6;  // F5 and above with 80-8F
constexpr std::uint8_t kOverlong4 = 1 << 6;     // F0 80-8F
constexpr std::uint8_t kTwoContinuations = 1 << 7;
constexpr std::uint8_t kCarry = kTooShort | kTooLong | kTwoContinuations;

alignas(16) constexpr std::uint8_t kFirstHigh[16] = {
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTwoContinuations,
    kTwoContinuations,
    kTwoContinuations,
    kTwoContinuations,
    kTooShort | kOverlong2,
    kTooShort,
    kTooShort | kOverlong3 | kSurrogate,
    kTooShort | kTooLarge | kTooLarge1000 | kOverlong4};
alignas(16) constexpr std::uint8_t kFirstLow[16] = {kCarry | kOverlong2 | kOverlong3 | kOverlong4,
                                                    kCarry | kOverlong2,
                                                    kCarry,
                                                    kCarry,
                                                    kCarry | kTooLarge,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000 | kSurrogate,
                                                    kCarry | kTooLarge | kTooLarge1000,
                                                    kCarry | kTooLarge | kTooLarge1000};
constexpr std::uint8_t kAfterLead = kTooLong | kOverlong2 | kTwoContinuations;
alignas(16) constexpr std::uint8_t kSecondHigh[16] = {
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kAfterLead | kOverlong3 | kTooLarge1000 | kOverlong4,
    kAfterLead | kOverlong3 | kTooLarge,
    kAfterLead | kSurrogate | kTooLarge,
    kAfterLead | kSurrogate | kTooLarge,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort};

FETCHPOOL_AVX2 inline __m256i table_of(const std::uint8_t (&table)[16]) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}

FETCHPOOL_AVX2 inline __m256i high_half(__m256i bytes) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
}

FETCHPOOL_AVX2 inline __m256i utf8_block(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// Not zero where something is wrong in the block at `from` or between it and the three bytes
// before, which must be there. A sequence that goes on after the block is not wrong.
FETCHPOOL_AVX2 inline __m256i errors_in(const char* from) {
  __m256i bytes = utf8_block(from);
  __m256i one_before = utf8_block(from - 1);
  __m256i two_before = utf8_block(from - 2);
  __m256i three_before = utf8_block(from - 3);
  __m256i low_half = _mm256_and_si256(one_before, _mm256_set1_epi8(0x0f));
  __m256i suspects = _mm256_and_si256(
      _mm256_and_si256(_mm256_shuffle_epi8(table_of(kFirstHigh), high_half(one_before)),
                       _mm256_shuffle_epi8(table_of(kFirstLow), low_half)),
      _mm256_shuffle_epi8(table_of(kSecondHigh), high_half(bytes)));
  __m256i third = _mm256_subs_epu8(two_before, _mm256_set1_epi8(0xE0 - 0x80));
  __m256i fourth = _mm256_subs_epu8(three_before, _mm256_set1_epi8(0xF0 - 0x80));
  __m256i must_continue =
      _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(0x80)));
  return _mm256_xor_si256(must_continue, suspects);
}

constexpr std::size_t kUtf8Block = 32;
// So far back does a block depend on what stands before it.
constexpr std::size_t kUtf8Before = 3;

// Whether the last byte ends a character; those before it may be anything. Requires four bytes.
bool ends_whole(std::string_view bytes) {
  std::size_t at = bytes.size() - 1;
  while (bytes.size() - at < 4 && (byte_at(bytes, at) & 0xC0) == 0x80) --at;
  return first_utf8_sequence(bytes.substr(at)).kind == Utf8Sequence::Kind::valid;
}

// Requires kUtf8Before + kUtf8Block bytes at least, of which the first `done`, no fewer than
// kUtf8Before, are whole characters; ends_whole() must be asked too.
//
// Looks for ASCII in steps of four blocks: whether the next block of a page is ASCII is anybody's
// guess, and a wrong guess costs a processor more than to check some blocks too many.
FETCHPOOL_AVX2 bool is_valid_avx2(std::string_view bytes, std::size_t done) {
  constexpr std::size_t kStep = 4 * kUtf8Block;
  const char* data = bytes.data();
  __m256i errors = _mm256_setzero_si256();
  bool was_ascii = true;
  for (; bytes.size() - done >= kStep; done += kStep) {
    __m256i any = utf8_block(data + done);
    for (std::size_t block = kUtf8Block; block < kStep; block += kUtf8Block)
      any = _mm256_or_si256(any, utf8_block(data + done + block));
    bool is_ascii = _mm256_movemask_epi8(any) == 0;
    if (!is_ascii || !was_ascii)
      for (std::size_t block = 0; block < kStep; block += kUtf8Block)
        errors = _mm256_or_si256(errors, errors_in(data + done + block));
    was_ascii = is_ascii;
  }
  for (; bytes.size() - done >= kUtf8Block; done += kUtf8Block)
    errors = _mm256_or_si256(errors, errors_in(data + done));
  // The last block may overlap the one before.
  errors = _mm256_or_si256(errors, errors_in(data + bytes.size() - kUtf8Block));
  return _mm256_testz_si256(errors, errors) != 0;
}

FETCHPOOL_AVX512 inline __m512i wide_table_of(const std::uint8_t (&table)[16]) {
  return _mm512_maskz_broadcast_i32x4(0xffff,
                                      _mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}

FETCHPOOL_AVX512 inline __m512i high_half(__m512i bytes) {
  return _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(0x0f));
}

// As errors_in(), of two blocks.
FETCHPOOL_AVX512 inline __m512i errors_in_two(const char* from) {
  __m512i bytes = _mm512_loadu_si512(from);
  __m512i one_before = _mm512_loadu_si512(from - 1);
  __m512i two_before = _mm512_loadu_si512(from - 2);
  __m512i three_before = _mm512_loadu_si512(from - 3);
  __m512i low_half = _mm512_and_si512(one_before, _mm512_set1_epi8(0x0f));
  __m512i suspects = _mm512_and_si512(
      _mm512_and_si512(_mm512_shuffle_epi8(wide_table_of(kFirstHigh), high_half(one_before)),
                       _mm512_shuffle_epi8(wide_table_of(kFirstLow), low_half)),
      _mm512_shuffle_epi8(wide_table_of(kSecondHigh), high_half(bytes)));
  __m512i third = _mm512_subs_epu8(two_before, _mm512_set1_epi8(0xE0 - 0x80));
  __m512i fourth = _mm512_subs_epu8(three_before, _mm512_set1_epi8(0xF0 - 0x80));
  __m512i must_continue =
      _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8(static_cast<char>(0x80)));
  return _mm512_xor_si512(must_continue, suspects);
}

// As is_valid_avx2(). Requires kUtf8Before + 2 * kUtf8Block bytes.
FETCHPOOL_AVX512 bool is_valid_avx512(std::string_view bytes, std::size_t done) {
  constexpr std::size_t kTwo = 2 * kUtf8Block;
  const char* data = bytes.data();
  __m512i errors = _mm512_setzero_si512();
  bool was_ascii = true;
  for (; bytes.size() - done >= 2 * kTwo; done += 2 * kTwo) {
    __m512i any =
        _mm512_or_si512(_mm512_loadu_si512(data + done), _mm512_loadu_si512(data + done + kTwo));
    bool is_ascii = _mm512_movepi8_mask(any) == 0;
    if (!is_ascii || !was_ascii) {
      errors = _mm512_or_si512(errors, errors_in_two(data + done));
      errors = _mm512_or_si512(errors, errors_in_two(data + done + kTwo));
    }
    was_ascii = is_ascii;
  }
  if (bytes.size() - done >= kTwo) errors = _mm512_or_si512(errors, errors_in_two(data + done));
  errors = _mm512_or_si512(errors, errors_in_two(data + bytes.size() - kTwo));
  return _mm512_test_epi8_mask(errors, errors) == 0;
}

#endif

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  return is_valid_utf8_with(best_simd(), bytes);
}

bool is_valid_utf8_with([[maybe_unused]] Simd simd, std::string_view bytes) {
#if defined(__x86_64__)
  if (simd != Simd::none && bytes.size() >= kUtf8Before + kUtf8Block) {
    std::size_t done = ascii_steps(bytes);
    while (done < kUtf8Before) {
      auto sequence = first_utf8_sequence(bytes.substr(done));
      if (sequence.kind != Utf8Sequence::Kind::valid) return false;
      done += sequence.length;
    }
    if (!ends_whole(bytes)) return false;
    bool is_long = bytes.size() >= kUtf8Before + 2 * kUtf8Block;
    return simd == Simd::avx512 && is_long ? is_valid_avx512(bytes, done)
                                           : is_valid_avx2(bytes, done);
  }
#endif
  return is_valid_portable(bytes);
}
Utf8Sequence first_utf8_sequence(std::string_view bytes) {
  using Kind = Utf8Sequence::Kind;
  unsigned char lead = byte_at(bytes, 0);
  if (lead < 0x80) return {Kind::valid, 1};
  if (lead < 0xC2 || lead > 0xF4) return {Kind::invalid, 1};
  std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // RFC 3629, section 4: only the second byte can make a sequence overlong, a surrogate or too
  // large.
  unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {Kind::cut, i};
    unsigned char byte = byte_at(bytes, i);
    if (byte < lowest || byte > highest) return {Kind::invalid, i};
    lowest = 0x80;
    highest = 0xBF;
  }
  return {Kind::valid, length};
}

std::size_t utf8_cut(std::string_view bytes) {
  std::size_t furthest = std::min<std::size_t>(3, bytes.size());
  for (std::size_t back = 1; back <= furthest; ++back) {
    std::size_t at = bytes.size() - back;
    if (byte_at(bytes, at) < 0x80) break;
    if (byte_at(bytes, at) < 0xC0) continue;
    bool is_cut = first_utf8_sequence(bytes.substr(at)).kind == Utf8Sequence::Kind::cut;
    return is_cut ? at : bytes.size();
  }
  return bytes.size();
}

std::string repaired_utf8(std::string_view bytes) {
  std::string repaired;
  repaired.reserve(bytes.size() + bytes.size() / 8);
  while (!bytes.empty()) {
    std::size_t ascii = ascii_steps(bytes);
    repaired.append(bytes.substr(0, ascii));
    bytes.remove_prefix(ascii);
    if (bytes.empty()) break;
    auto sequence = first_utf8_sequence(bytes);
    bool is_valid = sequence.kind == Utf8Sequence::Kind::valid;
    repaired.append(is_valid ? bytes.substr(0, sequence.length) : kReplacement);
    bytes.remove_prefix(sequence.length);
  }
  return repaired;
}

}  // namespace fetchpool::body
