// How zlib's format is told from bare deflate.
#pragma once

#include <cstddef>
#include <string_view>

namespace fetchpool::body {

constexpr std::size_t kZlibHeaderSize = 2;

// Whether `start` begins with a header as RFC 1950, section 2.2 has it. A bare deflate stream
// (RFC 1951) cannot look so unless it begins with a stored block whose padding is not zero, which
// no compressor writes. Requires kZlibHeaderSize bytes.
inline bool is_zlib_header(std::string_view start) {
  unsigned method = static_cast<unsigned char>(start[0]);
  unsigned flags = static_cast<unsigned char>(start[1]);
  return (method & 15) == 8 && (method >> 4) <= 7 && (method * 256 + flags) % 31 == 0;
}

}  // namespace fetchpool::body
