#include "fetch/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "fetch/byte_at.h"

namespace fetchpool::body {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Pair {
  char digits[2];
};

constexpr std::array<Pair, 4096> make_pairs() {
  std::array<Pair, 4096> pairs{};
  for (std::size_t bits = 0; bits < 4096; ++bits)
    pairs[bits] = {{kAlphabet[bits >> 6], kAlphabet[bits & 63]}};
  return pairs;
}
// The two digits of every 12 bits.
constexpr std::array<Pair, 4096> kPairs = make_pairs();

#if defined(__x86_64__)

// Twelve bytes to sixteen digits at a time (Mula, Lemire: "Faster Base64 encoding and decoding
// using AVX2 instructions", with half its width). Reads four bytes beyond those it takes.
__attribute__((target("ssse3"))) char* encode_ssse3(std::string_view& bytes, char* out) {
  const __m128i spread = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  // Added to a digit's value, by class: 13 for A-Z, 0 for a-z, 1-10 for 0-9, 11 for +, 12 for /.
  const __m128i offsets =
      _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                    '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
  while (bytes.size() >= 16) {
    __m128i in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data()));
    in = _mm_shuffle_epi8(in, spread);
    __m128i odd =
        _mm_mulhi_epu16(_mm_and_si128(in, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
    __m128i even =
        _mm_mullo_epi16(_mm_and_si128(in, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
    __m128i values = _mm_or_si128(odd, even);
    __m128i kind = _mm_subs_epu8(values, _mm_set1_epi8(51));
    __m128i is_upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), values);
    kind = _mm_or_si128(kind, _mm_and_si128(is_upper, _mm_set1_epi8(13)));
    __m128i digits = _mm_add_epi8(values, _mm_shuffle_epi8(offsets, kind));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), digits);
    bytes.remove_prefix(12);
    out += 16;
  }
  return out;
}

#endif

// Encodes the whole threes of `bytes` and takes them off.
char* encode_threes(std::string_view& bytes, char* out) {
#if defined(__x86_64__)
  static const bool has_ssse3 = __builtin_cpu_supports("ssse3") != 0;
  if (has_ssse3) out = encode_ssse3(bytes, out);
#endif
  while (bytes.size() >= 3) {
    std::uint32_t bits = byte_at(bytes, 0) << 16 | byte_at(bytes, 1) << 8 | byte_at(bytes, 2);
    std::memcpy(out, &kPairs[bits >> 12], 2);
    std::memcpy(out + 2, &kPairs[bits & 4095], 2);
    bytes.remove_prefix(3);
    out += 4;
  }
  return out;
}

}  // namespace

void append_base64(ByteBuffer& out, std::string_view bytes) {
  out.room(base64_size(bytes.size()));
  Base64Encoder encoder;
  encoder.append(out, bytes);
  encoder.finish(out);
}

void Base64Encoder::append(ByteBuffer& out, std::string_view piece) {
  char* start = out.room(base64_size(piece.size()) + 4);
  char* end = start;
  if (carried_ > 0) {
    std::size_t taken = std::min(3 - carried_, piece.size());
    std::copy_n(piece.data(), taken, carry_ + carried_);
    carried_ += taken;
    piece.remove_prefix(taken);
    if (carried_ < 3) return;
    std::string_view three(carry_, 3);
    end = encode_threes(three, end);
  }
  end = encode_threes(piece, end);
  std::copy(piece.begin(), piece.end(), carry_);
  carried_ = piece.size();
  out.filled(static_cast<std::size_t>(end - start));
}

void Base64Encoder::finish(ByteBuffer& out) {
  if (carried_ == 0) return;
  std::uint32_t first = static_cast<unsigned char>(carry_[0]);
  std::uint32_t second = carried_ == 2 ? static_cast<unsigned char>(carry_[1]) : 0;
  std::uint32_t bits = first << 16 | second << 8;
  char digits[4] = {kAlphabet[bits >> 18], kAlphabet[bits >> 12 & 63], kAlphabet[bits >> 6 & 63],
                    '='};
  if (carried_ == 1) digits[2] = '=';
  out.append(std::string_view(digits, 4));
  carried_ = 0;
}

}  // namespace fetchpool::body
