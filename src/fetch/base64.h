// Base64 with the standard alphabet and padding (RFC 4648, section 4).
#pragma once

#include <cstddef>
#include <string_view>

#include "base/byte_buffer.h"

namespace fetchpool::body {

constexpr std::size_t base64_size(std::size_t size) {
  return (size + 2) / 3 * 4;
}

// Appends the base64 of `bytes`.
void append_base64(ByteBuffer& out, std::string_view bytes);

// The same for bytes that come in pieces of any size: what all calls append together is the base64
// of all pieces together. After finish() it can start anew.
class Base64Encoder {
 public:
  void append(ByteBuffer& out, std::string_view piece);
  void finish(ByteBuffer& out);

 private:
  char carry_[3];
  std::size_t carried_ = 0;  // less than 3
};

}  // namespace fetchpool::body
