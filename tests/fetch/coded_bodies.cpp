#include "fetch/coded_bodies.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <stdexcept>
#include <vector>

namespace fetchpool::body {
namespace {

std::string deflated(std::string_view body, int window_bits, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string coded(deflateBound(&stream, body.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  int result = deflate(&stream, Z_FINISH);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate");
  return coded;
}

}  // namespace

std::string page_of(std::size_t size, std::uint64_t seed) {
  static const std::vector<std::string> words = {"<p class=\"",
                                                 "\">",
                                                 "</p>\r\n",
                                                 "the ",
                                                 "of a \"quoted\" ",
                                                 "caf\xC3\xA9 ",
                                                 "\\path ",
                                                 "\xE2\x82\xAC 12 ",
                                                 "\xF0\x9F\x98\x80",
                                                 "\t",
                                                 "lorem ipsum ",
                                                 "<a href=\"/page\">",
                                                 "</a>",
                                                 "window ",
                                                 "1234567 ",
                                                 "dolor "};
  std::mt19937_64 random(seed);
  std::string page;
  while (page.size() < size) {
    const std::string& word = words[random() % words.size()];
    page += page.size() + word.size() <= size ? word : ".";
  }
  return page;
}

std::string noise_of(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

std::string gzip_of(std::string_view body, int level) {
  return deflated(body, 15 + 16, level);
}
std::string zlib_of(std::string_view body) {
  return deflated(body, 15, 6);
}
std::string raw_deflate_of(std::string_view body) {
  return deflated(body, -15, 6);
}

std::string brotli_of(std::string_view body, int window_log) {
  std::size_t size = BrotliEncoderMaxCompressedSize(body.size()) + 64;
  std::string coded(size, '\0');
  if (BrotliEncoderCompress(5, window_log, BROTLI_MODE_GENERIC, body.size(),
                            reinterpret_cast<const std::uint8_t*>(body.data()), &size,
                            reinterpret_cast<std::uint8_t*>(coded.data())) == BROTLI_FALSE)
    throw std::runtime_error("brotli");
  coded.resize(size);
  return coded;
}

std::string zstd_of(std::string_view body, int window_log) {
  ZSTD_CCtx* compressor = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) {
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_windowLog, window_log);
    // Else a body whose size is known gets a window no larger than itself.
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_contentSizeFlag, 0);
  }
  std::string coded(ZSTD_compressBound(body.size()), '\0');
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  ZSTD_outBuffer out{coded.data(), coded.size(), 0};
  // In two steps, so that the size is not known when the frame's header is written.
  std::size_t result = 0;
  if (window_log != 0) result = ZSTD_compressStream2(compressor, &out, &in, ZSTD_e_flush);
  if (ZSTD_isError(result) == 0) result = ZSTD_compressStream2(compressor, &out, &in, ZSTD_e_end);
  ZSTD_freeCCtx(compressor);
  if (result != 0) throw std::runtime_error("zstd");
  coded.resize(out.pos);
  return coded;
}

std::string coded(std::string_view token, std::string_view body) {
  if (token == "gzip") return gzip_of(body);
  if (token == "deflate") return zlib_of(body);
  if (token == "raw deflate") return raw_deflate_of(body);
  if (token == "br") return brotli_of(body);
  if (token == "zstd") return zstd_of(body);
  return std::string(body);
}

std::string damaged(std::string bytes, std::mt19937_64& random) {
  auto place = [&] { return bytes.empty() ? 0 : random() % bytes.size(); };
  for (auto changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
    switch (random() % 6) {
      case 0:
      case 1:
        bytes[place()] ^= static_cast<char>(1 << random() % 8);
        break;
      case 2:
        bytes[place()] = static_cast<char>(random());
        break;
      case 3:
        bytes.resize(place());
        break;
      case 4:
        bytes.insert(place(), noise_of(1 + random() % 4, random()));
        break;
      case 5:
        bytes.erase(place(), 1 + random() % 4);
        break;
    }
  }
  return bytes;
}

Decoded decoded(std::string_view content_encoding, std::string_view wire, const Limits& limits,
                std::size_t piece_size) {
  auto decoder = Decoder::make(content_encoding, limits);
  TextOutput output;
  if (piece_size == 0) piece_size = wire.size() + 1;
  while (!wire.empty()) {
    decoder->feed(wire.substr(0, piece_size), output);
    wire.remove_prefix(std::min(piece_size, wire.size()));
  }
  Status status = decoder->finish(output);
  return {status, std::move(output.text), decoder->flags(), decoder->reason()};
}

}  // namespace fetchpool::body
