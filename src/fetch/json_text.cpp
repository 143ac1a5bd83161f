#include "fetch/json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "fetch/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fetchpool::body {
namespace {

// How a byte is written: up to six characters, and in the last place how many they are.
struct Escape {
  char text[7];
  unsigned char length;
};
static_assert(sizeof(Escape) == 8);

constexpr std::array<Escape, 256> make_escapes() {
  std::array<Escape, 256> escapes{};
  for (std::size_t byte = 0; byte < 256; ++byte)
    escapes[byte] = {{static_cast<char>(static_cast<unsigned char>(byte))}, 1};
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t byte = 0; byte < 0x20; ++byte)
    escapes[byte] = {{'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6};
  constexpr std::string_view specials = "\"\\\b\f\n\r\t";
  constexpr std::string_view letters = "\"\\bfnrt";
  for (std::size_t i = 0; i < specials.size(); ++i)
    escapes[static_cast<unsigned char>(specials[i])] = {{'\\', letters[i]}, 2};
  return escapes;
}
constexpr std::array<Escape, 256> kEscapes = make_escapes();

char* write_escape(char byte, char* out) {
  const Escape& escape = kEscapes[static_cast<unsigned char>(byte)];
  std::memcpy(out, &escape, sizeof escape);
  return out + escape.length;
}

#if defined(__x86_64__)

__m128i load(const char* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

void copy_16(char* out, const char* from) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), load(from));
}

// A bit for each of the 16 bytes that needs an escape.
std::uint32_t to_escape(__m128i bytes) {
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  __m128i any = _mm_or_si128(control, _mm_or_si128(quote, backslash));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(any));
}

__attribute__((target("avx2,bmi"))) inline void copy_32(char* out, const char* from) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// Takes blocks of 32 bytes while 32 more follow, so that a copy of 32 from anywhere in the block
// reads only what is there. What follows an escape is copied before it is known how much of it
// stands for itself: that costs less than to ask.
__attribute__((target("avx2,bmi"))) char* escape_blocks_avx2(const char*& from, const char* end,
                                                             char* out) {
  constexpr std::ptrdiff_t kBlock = 32;
  while (end - from >= 2 * kBlock) {
    const char* block = from;
    __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    __m256i backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
    __m256i any = _mm256_or_si256(control, _mm256_or_si256(quote, backslash));
    auto marks = static_cast<std::uint32_t>(_mm256_movemask_epi8(any));
    copy_32(out, from);
    for (; marks != 0; marks &= marks - 1) {
      const char* special = block + __builtin_ctz(marks);
      out = write_escape(*special, out + (special - from));
      from = special + 1;
      copy_32(out, from);
    }
    out += block + kBlock - from;
    from = block + kBlock;
  }
  return out;
}

// The same for processors without AVX2, and for what is too short: blocks of 32 bytes while 16 more
// follow.
char* escape_blocks(const char*& from, const char* end, char* out) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  if (has_avx2) out = escape_blocks_avx2(from, end, out);
  constexpr std::ptrdiff_t kBlock = 32;
  while (end - from >= kBlock + 16) {
    std::uint32_t marks = to_escape(load(from)) | to_escape(load(from + 16)) << 16;
    copy_16(out, from);
    copy_16(out + 16, from + 16);
    const char* block_end = from + kBlock;
    if (marks == 0) {
      out += kBlock;
      from = block_end;
      continue;
    }
    std::ptrdiff_t first = __builtin_ctz(marks);
    const char* block = from;
    from += first;
    out = write_escape(*from++, out + first);
    for (marks &= marks - 1; marks != 0; marks &= marks - 1) {
      const char* special = block + __builtin_ctz(marks);
      std::ptrdiff_t plain = special - from;
      copy_16(out, from);
      if (plain > 16) copy_16(out + 16, from + 16);
      out = write_escape(*special, out + plain);
      from = special + 1;
    }
    std::ptrdiff_t plain = block_end - from;
    copy_16(out, from);
    if (plain > 16) copy_16(out + 16, from + 16);
    out += plain;
    from = block_end;
  }
  return out;
}

#else

// Takes words of eight bytes without anything to escape, and the bytes of other words one by one.
char* escape_blocks(const char*& from, const char* end, char* out) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t highs = 0x8080808080808080U;
  for (; end - from >= 8;) {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    std::uint64_t quote = word ^ (ones * '"');
    std::uint64_t backslash = word ^ (ones * '\\');
    // May also mark a byte after one to escape: it is then written by itself, as it is.
    std::uint64_t marks = (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                           ((backslash - ones) & ~backslash)) &
                          highs;
    if (marks == 0) {
      std::memcpy(out, &word, sizeof word);
      out += 8;
      from += 8;
      continue;
    }
    for (int i = 0; i < 8; ++i) out = write_escape(*from++, out);
  }
  return out;
}

#endif

}  // namespace

char* escape_json(std::string_view text, char* out) {
  const char* from = text.data();
  const char* end = from + text.size();
  out = escape_blocks(from, end, out);
  while (from != end) out = write_escape(*from++, out);
  return out;
}

void append_escaped_json(ByteBuffer& out, std::string_view text) {
  constexpr std::size_t kPiece = 4096;
  out.room(text.size() + text.size() / 8 + json_escaped_bound(std::min(kPiece, text.size())));
  for (std::size_t done = 0; done < text.size(); done += kPiece) {
    std::string_view piece = text.substr(done, kPiece);
    char* start = out.room(json_escaped_bound(piece.size()));
    out.filled(static_cast<std::size_t>(escape_json(piece, start) - start));
  }
}

void append_json_string(std::string& out, std::string_view any_bytes) {
  std::string repaired;
  if (!is_valid_utf8(any_bytes)) {
    repaired = repaired_utf8(any_bytes);
    any_bytes = repaired;
  }
  constexpr std::size_t kPiece = 1024;
  char escaped[json_escaped_bound(kPiece)];
  out += '"';
  for (std::size_t done = 0; done < any_bytes.size(); done += kPiece) {
    char* end = escape_json(any_bytes.substr(done, kPiece), escaped);
    out.append(escaped, end);
  }
  out += '"';
}

}  // namespace fetchpool::body
