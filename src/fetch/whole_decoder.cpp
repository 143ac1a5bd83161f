#include "fetch/whole_decoder.h"

#include <libdeflate.h>

#include <algorithm>
#include <new>

#include "fetch/byte_at.h"
#include "fetch/zlib_header.h"

namespace fetchpool::body {
namespace {

// Deflate turns a byte into 1032 at most: 258 for each two bits.
constexpr std::size_t kMostExpansion = 1032;
constexpr std::size_t kSmallestGzip = 18;  // header and trailer
constexpr std::size_t kFirstRoom = std::size_t{64} << 10;

// The last field of a gzip stream, if what is last is a trailer (RFC 1952, section 2.3.1).
std::size_t claimed_size(std::string_view wire) {
  std::size_t at = wire.size() - 4;
  return byte_at(wire, at) | byte_at(wire, at + 1) << 8 | byte_at(wire, at + 2) << 16 |
         byte_at(wire, at + 3) << 24;
}

}  // namespace

void WholeDecoder::Closer::operator()(libdeflate_decompressor* decompressor) const {
  libdeflate_free_decompressor(decompressor);
}

WholeDecoder::WholeDecoder() : decompressor_(libdeflate_alloc_decompressor()) {
  if (!decompressor_) throw std::bad_alloc();
}

WholeDecoder::~WholeDecoder() = default;

WholeBody WholeDecoder::decode(std::string_view content_encoding, std::string_view wire,
                               const Limits& limits, Output& output) {
  CodingList list = parse_codings(content_encoding);
  if (list.problem != Status::more) return {list.problem, list.reason, {}, 0};

  if (list.codings.size() == 1 && wire.size() <= kMostWireBytes) {
    std::size_t most_bytes = std::min(kMostDecodedBytes, wire.size() * kMostExpansion);
    if (limits.decoded_bytes > 0)
      most_bytes =
          static_cast<std::size_t>(std::min<std::uint64_t>(most_bytes, limits.decoded_bytes));
    decoded_.clear();
    bool is_done = (list.codings[0] == Coding::gzip && decode_gzip(wire, most_bytes)) ||
                   (list.codings[0] == Coding::deflate && decode_zlib(wire, most_bytes));
    if (is_done) {
      if (!decoded_.empty()) output.write(decoded_.view());
      return {Status::finished, {}, {false, 1}, decoded_.size()};
    }
  }

  Decoder decoder(list.codings, limits);
  decoder.feed(wire, output);
  Status status = decoder.finish(output);
  return {status, decoder.reason(), decoder.flags(), decoder.decoded_bytes()};
}

bool WholeDecoder::decode_gzip(std::string_view wire, std::size_t most_bytes) {
  if (wire.size() < kSmallestGzip) return false;
  // A header with a checksum of its own: libdeflate would not check it.
  constexpr std::size_t kHeaderCheck = 2;
  if ((byte_at(wire, 3) & kHeaderCheck) != 0) return false;
  // More than one member, junk at the end, or a lie: any other size than this one is for the
  // streaming decoder.
  std::size_t size = claimed_size(wire);
  if (size > most_bytes) return false;
  std::size_t taken = 0;
  std::size_t written = 0;
  auto result = libdeflate_gzip_decompress_ex(decompressor_.get(), wire.data(), wire.size(),
                                              decoded_.room(size), size, &taken, &written);
  if (result != LIBDEFLATE_SUCCESS || taken != wire.size()) return false;
  decoded_.filled(written);
  return true;
}

bool WholeDecoder::decode_zlib(std::string_view wire, std::size_t most_bytes) {
  // Bare deflate carries no checksum that would prove both libraries read the same.
  if (wire.size() < kZlibHeaderSize || !is_zlib_header(wire)) return false;
  // Room is kept from body to body, so a generous first guess costs nothing.
  std::size_t room = std::min(most_bytes, std::max(wire.size() * 8, kFirstRoom));
  for (;;) {
    std::size_t taken = 0;
    std::size_t written = 0;
    auto result = libdeflate_zlib_decompress_ex(decompressor_.get(), wire.data(), wire.size(),
                                                decoded_.room(room), room, &taken, &written);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE && room < most_bytes) {
      room = room > most_bytes / 4 ? most_bytes : room * 4;
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS || taken != wire.size()) return false;
    decoded_.filled(written);
    return true;
  }
}

}  // namespace fetchpool::body
