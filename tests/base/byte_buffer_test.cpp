#include "base/byte_buffer.h"

#include <string>

#include "support/catch.h"

using fetchpool::ByteBuffer;

TEST_CASE("a buffer grows at its end and keeps what it has", "[base]") {
  ByteBuffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    buffer.append(std::to_string(i));
    expected += std::to_string(i);
  }
  CHECK(buffer.view() == expected);
}

TEST_CASE("a cleared buffer keeps its memory, a shrunk one gives it back", "[base]") {
  ByteBuffer buffer;
  buffer.append(std::string(5000, 'x'));
  std::size_t capacity = buffer.capacity();
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == capacity);
  buffer.shrink(100);
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("released bytes outlive the buffer", "[base]") {
  fetchpool::Bytes bytes;
  {
    ByteBuffer buffer;
    buffer.append("left behind");
    bytes = buffer.release();
    CHECK(buffer.empty());
  }
  CHECK(bytes.view() == "left behind");
}
