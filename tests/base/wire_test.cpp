#include "base/wire.h"

#include "support/catch.h"

using namespace fetchpool;

TEST_CASE("fields are read back in the order they were written", "[base]") {
  std::string bytes;
  WireWriter writer(bytes);
  writer.value(42);
  writer.text("hello");
  writer.value(2.5);
  writer.text("");
  WireReader reader(bytes);
  CHECK(reader.value<int>() == 42);
  CHECK(reader.text() == "hello");
  CHECK(reader.value<double>() == 2.5);
  CHECK(reader.text().empty());
  CHECK(reader.rest().empty());
}

TEST_CASE("a message cut short anywhere is an error and not a read beyond its end", "[base]") {
  std::string bytes;
  WireWriter writer(bytes);
  writer.value(std::uint64_t{1});
  writer.text("some text");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    WireReader reader(std::string_view(bytes).substr(0, size));
    CHECK_THROWS_AS((reader.value<std::uint64_t>(), reader.text()), Error);
  }
}
