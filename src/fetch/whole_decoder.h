// Bodies that are there as a whole, decoded the fast way.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "fetch/decoder.h"

struct libdeflate_decompressor;

namespace fetchpool::body {

// How a body ended that was decoded as a whole.
struct WholeBody {
  Status status = Status::finished;  // never more
  std::string reason;
  Flags flags;
  std::uint64_t decoded_bytes = 0;
};

// Decodes whole bodies, with libdeflate where it can: three times as fast as zlib for the gzip and
// zlib streams of one page. It keeps its working memory from body to body; use one a thread.
class WholeDecoder {
 public:
  // Larger bodies take the streaming decoder.
  static constexpr std::size_t kMostWireBytes = std::size_t{256} << 10;
  static constexpr std::size_t kMostDecodedBytes = std::size_t{2} << 20;

  WholeDecoder();
  ~WholeDecoder();
  WholeDecoder(const WholeDecoder&) = delete;
  WholeDecoder& operator=(const WholeDecoder&) = delete;

  // What Decoder::make(), feed() and finish() do, with the same result, bytes and flags. The bytes
  // may come as one block of any size.
  //
  // One difference cannot be seen without a second decoding: libdeflate reads length codes 286 and
  // 287 as 285 and takes some incomplete sets of codes, all of which RFC 1951 forbids and zlib
  // calls corrupt. Such a body is finished here if its checksum is right, and then its bytes are.
  WholeBody decode(std::string_view content_encoding, std::string_view wire, const Limits& limits,
                   Output& output);

 private:
  // Nothing is written where these return false: then it is for the streaming decoder to say.
  bool decode_gzip(std::string_view wire, std::size_t most_bytes);
  bool decode_zlib(std::string_view wire, std::size_t most_bytes);

  struct Closer {
    void operator()(libdeflate_decompressor* decompressor) const;
  };
  std::unique_ptr<libdeflate_decompressor, Closer> decompressor_;
  ByteBuffer decoded_;
};

}  // namespace fetchpool::body
