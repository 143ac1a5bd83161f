#include "fetch/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "fetch/simd.h"
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

// How far a text was read, and how far written.
struct Progress {
  const char* from;
  char* out;
};

#if defined(__x86_64__)

constexpr std::ptrdiff_t kBlock = 32;

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

// How eight bytes are spread over sixteen, so that a backslash stands before those that are marked:
// for each place which of the eight goes there, or kBackslash.
using Spread = std::array<char, 16>;
constexpr char kBackslash = 8;

constexpr std::array<Spread, 256> make_spreads() {
  std::array<Spread, 256> spreads{};
  for (std::size_t marks = 0; marks < spreads.size(); ++marks) {
    std::size_t place = 0;
    for (char byte = 0; byte < 8; ++byte) {
      if ((marks >> byte & 1) != 0) spreads[marks][place++] = kBackslash;
      spreads[marks][place++] = byte;
    }
  }
  return spreads;
}
alignas(64) constexpr std::array<Spread, 256> kSpreads = make_spreads();

// Takes the lower half of `bytes`, with backslashes in the upper one. Writes sixteen bytes, however
// many of them count.
FETCHPOOL_AVX2 inline char* spread_8(__m128i bytes, std::size_t marks, char* out) {
  auto* spread = reinterpret_cast<const __m128i*>(&kSpreads[marks]);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm_shuffle_epi8(bytes, _mm_load_si128(spread)));
  return out + 8 + __builtin_popcountll(marks);
}

FETCHPOOL_AVX2 inline char* spread_16(__m128i bytes, std::uint32_t marks, char* out) {
  __m128i backslashes = _mm_set1_epi8('\\');
  out = spread_8(_mm_unpacklo_epi64(bytes, backslashes), marks & 0xff, out);
  return spread_8(_mm_unpackhi_epi64(bytes, backslashes), marks >> 8 & 0xff, out);
}

FETCHPOOL_AVX2 inline __m256i load_32(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

FETCHPOOL_AVX2 inline void store_32(char* out, __m256i bytes) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
}

FETCHPOOL_AVX2 inline __m256i are_control(__m256i bytes) {
  return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
}

// A bit for each of the 32 bytes that needs an escape.
FETCHPOOL_AVX2 inline std::uint32_t to_escape(__m256i bytes) {
  __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
  __m256i backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
  __m256i any = _mm256_or_si256(are_control(bytes), _mm256_or_si256(quote, backslash));
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(any));
}

// For escapes of any length. What follows one is copied before it is known how much of it stands
// for itself: that costs less than to ask. Reads up to 32 bytes beyond the block.
FETCHPOOL_AVX2 inline char* escape_one_by_one(const char* block, std::uint32_t marks, char* out) {
  const char* from = block;
  store_32(out, load_32(from));
  for (; marks != 0; marks &= marks - 1) {
    const char* special = block + __builtin_ctz(marks);
    out = write_escape(*special, out + (special - from));
    from = special + 1;
    store_32(out, load_32(from));
  }
  return out + (block + kBlock - from);
}

// Nearly all escapes are a backslash and a letter, and then the work is the same wherever they
// stand and however many they are: there is nothing to guess, and a processor's wrong guesses would
// cost more than all of this. So would calls.
FETCHPOOL_AVX2 __attribute__((always_inline)) inline char* escape_block(const char* block,
                                                                        const char* end,
                                                                        std::uint32_t marks,
                                                                        char* out) {
  // The letter of a control character, 0 where it has none and for all other bytes: what is above
  // 0x0f comes out of the sum with its highest bit set.
  const __m256i letters = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 'b', 't', 'n', 0, 'f', 'r', 0, 0));
  __m256i bytes = load_32(block);
  __m256i index = _mm256_adds_epu8(bytes, _mm256_set1_epi8(0x70));
  bytes = _mm256_max_epu8(bytes, _mm256_shuffle_epi8(letters, index));
  if (_mm256_movemask_epi8(are_control(bytes)) != 0) {
    if (end - block >= 2 * kBlock) return escape_one_by_one(block, marks, out);
    for (const char* byte = block; byte != block + kBlock; ++byte) out = write_escape(*byte, out);
    return out;
  }
  out = spread_16(_mm256_castsi256_si128(bytes), marks & 0xffff, out);
  return spread_16(_mm256_extracti128_si256(bytes, 1), marks >> 16, out);
}

// Looks at two blocks at once: so much of a page is hardly ever without anything to escape, so much
// of other text often is, and that can be guessed.
FETCHPOOL_AVX2 Progress escape_blocks_avx2(const char* from, const char* end, char* out) {
  for (; end - from >= 2 * kBlock; from += 2 * kBlock) {
    __m256i first = load_32(from);
    __m256i second = load_32(from + kBlock);
    std::uint32_t first_marks = to_escape(first);
    std::uint32_t second_marks = to_escape(second);
    if ((first_marks | second_marks) == 0) {
      store_32(out, first);
      store_32(out + kBlock, second);
      out += 2 * kBlock;
    } else {
      out = escape_block(from, end, first_marks, out);
      out = escape_block(from + kBlock, end, second_marks, out);
    }
  }
  if (end - from >= kBlock) {
    out = escape_block(from, end, to_escape(load_32(from)), out);
    from += kBlock;
  }
  return {from, out};
}

FETCHPOOL_AVX512 inline __mmask64 are_control(__m512i bytes) {
  return _mm512_cmple_epu8_mask(bytes, _mm512_set1_epi8(0x1f));
}

// Writes 64 bytes, however many of them count: each of the 32 is widened to a backslash and itself,
// and the backslashes of those that are not marked are left out.
FETCHPOOL_AVX512 inline char* spread_32(__m256i bytes, std::uint64_t marks, char* out) {
  constexpr std::uint64_t backslashes = 0x5555555555555555U;
  __m512i pairs =
      _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_set1_epi16('\\'));
  __mmask64 kept = _pdep_u64(marks, backslashes) | ~backslashes;
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, pairs));
  return out + 32 + __builtin_popcountll(marks);
}

// As escape_blocks_avx2, which takes what is left, and the blocks with escapes that are longer.
FETCHPOOL_AVX512 Progress escape_blocks_avx512(const char* from, const char* end, char* out) {
  const __m512i letters = _mm512_maskz_broadcast_i32x4(
      0xffff, _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 'b', 't', 'n', 0, 'f', 'r', 0, 0));
  for (; end - from >= 2 * kBlock; from += 2 * kBlock) {
    __m512i bytes = _mm512_loadu_si512(from);
    __mmask64 marks = are_control(bytes) | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) |
                      _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
    if (marks == 0) {
      _mm512_storeu_si512(out, bytes);
      out += 2 * kBlock;
      continue;
    }
    __m512i index = _mm512_adds_epu8(bytes, _mm512_set1_epi8(0x70));
    bytes = _mm512_max_epu8(bytes, _mm512_shuffle_epi8(letters, index));
    if (are_control(bytes) != 0) {
      out = escape_blocks_avx2(from, from + 2 * kBlock, out).out;
      continue;
    }
    out = spread_32(_mm512_maskz_extracti64x4_epi64(0xff, bytes, 0), marks & 0xffffffff, out);
    out = spread_32(_mm512_maskz_extracti64x4_epi64(0xff, bytes, 1), marks >> 32, out);
  }
  return escape_blocks_avx2(from, end, out);
}

// For processors without AVX2: blocks while 16 more bytes follow.
Progress escape_blocks_portable(const char* from, const char* end, char* out) {
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
  return {from, out};
}

#else

// Takes words of eight bytes without anything to escape, and the bytes of other words one by one.
Progress escape_blocks_portable(const char* from, const char* end, char* out) {
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
  return {from, out};
}

#endif

// A character up to U+FFFF, in up to three bytes.
char* write_utf8(unsigned code, char* out) {
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
    return out;
  }
  if (code < 0x800) {
    *out++ = static_cast<char>(0xc0 | code >> 6);
  } else {
    *out++ = static_cast<char>(0xe0 | code >> 12);
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
  }
  *out++ = static_cast<char>(0x80 | (code & 0x3f));
  return out;
}

char* escape_bytes(Progress done, const char* end) {
  while (done.from != end) done.out = write_escape(*done.from++, done.out);
  return done.out;
}

}  // namespace

char* escape_json(std::string_view text, char* out) {
  return escape_json_with(best_simd(), text, out);
}

char* escape_json_with([[maybe_unused]] Simd simd, std::string_view text, char* out) {
  const char* end = text.data() + text.size();
#if defined(__x86_64__)
  if (simd == Simd::avx512) return escape_bytes(escape_blocks_avx512(text.data(), end, out), end);
  if (simd == Simd::avx2) return escape_bytes(escape_blocks_avx2(text.data(), end, out), end);
#endif
  return escape_bytes(escape_blocks_portable(text.data(), end, out), end);
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

void unescape_json(std::string& inside) {
  const char* end = inside.data() + inside.size();
  char* out = inside.data();  // never ahead of `from`: an escape is longer than what it stands for
  for (const char* from = out; from != end;) {
    if (*from != '\\' || from + 1 == end) {
      *out++ = *from++;
      continue;
    }
    char c = from[1];
    from += 2;
    if (c == 'u' && end - from >= 4) {
      unsigned code = 0;
      std::from_chars(from, from + 4, code, 16);
      out = write_utf8(code, out);
      from += 4;
    } else {
      *out++ = c == 'n'   ? '\n'
               : c == 't' ? '\t'
               : c == 'r' ? '\r'
               : c == 'b' ? '\b'
               : c == 'f' ? '\f'
                          : c;
    }
  }
  inside.resize(static_cast<std::size_t>(out - inside.data()));
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
