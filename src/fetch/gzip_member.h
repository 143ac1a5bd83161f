// gzip members, each of which can be unpacked by itself (RFC 1952).
#pragma once

#include <zlib.h>

#include <memory>
#include <string_view>

#include "base/byte_buffer.h"

struct libdeflate_compressor;

namespace fetchpool::archive {

// Packs what is whole in memory. Keeps its working memory from member to member; use one a thread.
class MemberPacker {
 public:
  // Pages become 1.5 % larger than with gzip -6, in little more than half of its time.
  static constexpr int kLevel = 4;

  // `level` as libdeflate has it, 0 (stored) to 12. Throws std::bad_alloc.
  explicit MemberPacker(int level = kLevel);
  ~MemberPacker();
  MemberPacker(const MemberPacker&) = delete;
  MemberPacker& operator=(const MemberPacker&) = delete;

  void append(ByteBuffer& out, std::string_view whole);

 private:
  struct Closer {
    void operator()(libdeflate_compressor* compressor) const;
  };
  std::unique_ptr<libdeflate_compressor, Closer> compressor_;
};

// Packs one member from pieces of any cut.
class MemberStream {
 public:
  // Throws std::bad_alloc.
  MemberStream();
  ~MemberStream();
  MemberStream(const MemberStream&) = delete;
  MemberStream& operator=(const MemberStream&) = delete;

  // May append nothing yet.
  void append(ByteBuffer& out, std::string_view piece) { run(out, piece, Z_NO_FLUSH); }
  void finish(ByteBuffer& out) { run(out, {}, Z_FINISH); }

 private:
  void run(ByteBuffer& out, std::string_view piece, int flush);

  z_stream stream_{};
};

}  // namespace fetchpool::archive
