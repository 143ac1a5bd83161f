#include "fetch/inflate_stream.h"

#include <algorithm>
#include <limits>
#include <new>

namespace fetchpool::body {

InflateStream::InflateStream(InflateFormat format) {
  if (inflateInit2(&stream_, static_cast<int>(format)) != Z_OK) throw std::bad_alloc();
}

InflateStream::~InflateStream() {
  inflateEnd(&stream_);
}

void InflateStream::restart(InflateFormat format) {
  inflateReset2(&stream_, static_cast<int>(format));
}

int InflateStream::step(std::string_view& wire, char* out, std::size_t room, std::size_t& written) {
  auto taken =
      static_cast<uInt>(std::min<std::size_t>(wire.size(), std::numeric_limits<uInt>::max()));
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(wire.data()));
  stream_.avail_in = taken;
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = static_cast<uInt>(room);
  int result = inflate(&stream_, Z_NO_FLUSH);
  written = room - stream_.avail_out;
  wire.remove_prefix(taken - stream_.avail_in);
  return result;
}

bool InflateLayer::inflate_until_end(std::string_view& wire) {
  for (;;) {
    std::size_t written = 0;
    int result = stream_.step(wire, block(), kBlockSize, written);
    if (written > 0 && !hand_on(written)) return false;
    if (result == Z_STREAM_END) return true;
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_NEED_DICT) {
      fail(Status::corrupt, "needs a dictionary");
      return false;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
      fail(Status::corrupt, stream_.message());
      return false;
    }
    // With room left over, inflate has said all that these bytes say.
    if (wire.empty() && written < kBlockSize) return false;
  }
}

}  // namespace fetchpool::body
