#include "fetch/hop_window.h"

#include "support/catch.h"

namespace fetchpool::engine {
namespace {

constexpr std::size_t kBatch = 256 << 10;

HopWindow after(std::uint64_t bytes, int times = 100) {
  HopWindow window(kBatch);
  for (int i = 0; i < times; ++i) window.ended(bytes);
  return window;
}

TEST_CASE("a worker wants what it runs, and as many more as it answers at once", "[window]") {
  CHECK(HopWindow(kBatch).get(8) == 16);
  CHECK(after(12000).get(8) == 8 + 21);
  CHECK(after(100'000).get(20) == 20 + 2);
}

TEST_CASE("however large or small its answers, a worker wants a few more, and not all",
          "[window]") {
  CHECK(after(1 << 20).get(8) == 10);
  CHECK(after(std::uint64_t{1} << 60).get(8) == 10);
  CHECK(after(200).get(8) == 8 + 64);
  CHECK(after(0).get(8) == 8 + 64);
}

TEST_CASE("one body of another size changes little", "[window]") {
  HopWindow window = after(12000);
  window.ended(1000);
  CHECK(window.get(8) <= 8 + 25);
  CHECK(after(1 << 20, 30).get(0) == 2);
}

}  // namespace
}  // namespace fetchpool::engine
