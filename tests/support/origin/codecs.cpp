#include "support/origin/codecs.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fetchpool::test {
namespace {

constexpr std::size_t megabyte = 1U << 20U;
// zlib's numbers for its three wrappings.
constexpr int gzip_window = 15 + 16;
constexpr int zlib_window = 15;
constexpr int raw_window = -15;

Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

std::string deflated(std::string_view text, int window, int flush = Z_FINISH) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = bytes_of(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string little_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += static_cast<char>((number >> (8U * static_cast<unsigned>(i))) & 0xFFU);
  return text;
}

enum class ZstdBlock { raw = 0, repeated = 1 };

std::string zstd_block(ZstdBlock kind, std::size_t size, bool last) {
  return little_endian((last ? 1U : 0U) | static_cast<unsigned>(kind) << 1U | size << 3U, 3);
}

// RFC 8878: magic number, a descriptor without content size and checksum, the window.
std::string zstd_head(int window_log) {
  std::string text = little_endian(0xFD2FB528U, 4);
  text += '\0';
  text += static_cast<char>(static_cast<unsigned>(window_log - 10) << 3U);
  return text;
}

constexpr std::size_t zstd_block_size = 128U << 10U;

}  // namespace

std::string gzip(std::string_view text) {
  return deflated(text, gzip_window);
}
std::string zlib(std::string_view text) {
  return deflated(text, zlib_window);
}
std::string raw_deflate(std::string_view text) {
  return deflated(text, raw_window);
}

std::string brotli(std::string_view text) {
  std::string out(BrotliEncoderMaxCompressedSize(text.size()) + 64, '\0');
  std::size_t size = out.size();
  BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.size(), bytes_of(text), &size, bytes_of(out));
  out.resize(size);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string gzip_zeros(long megabytes) {
  const std::string zeros(megabyte, '\0');
  // Blocks that end on a byte can be put one after the other.
  std::string piece = deflated(zeros, raw_window, Z_FULL_FLUSH);
  uLong crc_of_one = crc32(0, bytes_of(zeros), static_cast<uInt>(zeros.size()));
  uLong crc = 0;
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  for (long i = 0; i < megabytes; ++i) {
    out += piece;
    crc = crc32_combine(crc, crc_of_one, static_cast<z_off_t>(megabyte));
  }
  out += deflated("", raw_window);
  out += little_endian(crc, 4);
  out += little_endian(static_cast<std::uint64_t>(megabytes) * megabyte, 4);
  return out;
}

std::string brotli_zeros(long megabytes) {
  BrotliEncoderState* state = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, 5);
  BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, 24);
  const std::vector<std::uint8_t> zeros(megabyte);
  std::array<std::uint8_t, 65536> block;
  std::string out;
  for (long i = 0; i <= megabytes; ++i) {
    bool last = i == megabytes;
    std::size_t left = last ? 0 : zeros.size();
    const std::uint8_t* next = zeros.data();
    do {
      std::size_t room = block.size();
      std::uint8_t* to = block.data();
      BrotliEncoderCompressStream(state, last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS,
                                  &left, &next, &room, &to, nullptr);
      out.append(reinterpret_cast<char*>(block.data()), block.size() - room);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state) == BROTLI_TRUE);
  }
  BrotliEncoderDestroyInstance(state);
  return out;
}

std::string zstd_zeros(long megabytes, int window_log) {
  std::string out = zstd_head(window_log);
  long blocks = megabytes * static_cast<long>(megabyte / zstd_block_size);
  for (long i = 0; i < blocks; ++i) {
    out += zstd_block(ZstdBlock::repeated, zstd_block_size, false);
    out += '\0';
  }
  return out + zstd_block(ZstdBlock::raw, 0, true);
}

std::string zstd_with_window(std::string_view text, int window_log) {
  std::string out = zstd_head(window_log);
  // A block may not be larger than the window.
  std::size_t most = std::min(zstd_block_size, std::size_t{1} << static_cast<unsigned>(window_log));
  for (std::size_t at = 0; at < text.size(); at += most) {
    std::string_view piece = text.substr(at, most);
    out += zstd_block(ZstdBlock::raw, piece.size(), false);
    out += piece;
  }
  return out + zstd_block(ZstdBlock::raw, 0, true);
}

}  // namespace fetchpool::test
