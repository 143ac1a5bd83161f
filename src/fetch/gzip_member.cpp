#include "fetch/gzip_member.h"

#include <libdeflate.h>

#include <limits>
#include <new>

namespace fetchpool::archive {

void MemberPacker::Closer::operator()(libdeflate_compressor* compressor) const {
  libdeflate_free_compressor(compressor);
}

MemberPacker::MemberPacker(int level) : compressor_(libdeflate_alloc_compressor(level)) {
  if (!compressor_) throw std::bad_alloc();
}

MemberPacker::~MemberPacker() = default;

void MemberPacker::append(ByteBuffer& out, std::string_view whole) {
  std::size_t most = libdeflate_gzip_compress_bound(compressor_.get(), whole.size());
  out.filled(libdeflate_gzip_compress(compressor_.get(), whole.data(), whole.size(), out.room(most),
                                      most));
}

MemberStream::MemberStream() {
  constexpr int kGzip = 16;
  constexpr int kMemory = 8;  // zlib's default
  if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}

MemberStream::~MemberStream() {
  deflateEnd(&stream_);
}

void MemberStream::run(ByteBuffer& out, std::string_view piece, int flush) {
  constexpr std::size_t kRoom = std::size_t{64} << 10;
  static_assert(kRoom < std::numeric_limits<uInt>::max());
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_.avail_in = static_cast<uInt>(piece.size());
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(out.room(kRoom));
    stream_.avail_out = kRoom;
    deflate(&stream_, flush);
    out.filled(kRoom - stream_.avail_out);
  } while (stream_.avail_out == 0);
}

}  // namespace fetchpool::archive
