// The values of a map, small and large beside each other.
#include <numeric>

#include "fetchpool/detail/map_collector.h"
#include "support/catch.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

std::vector<int> sizes_of(const std::vector<std::string>& texts) {
  std::vector<int> sizes;
  for (const std::string& text : texts) sizes.push_back(static_cast<int>(text.size()));
  return sizes;
}

TEST_CASE("texts of all sizes come back in the order of the input", "[pool]") {
  Pool pool(2);
  const std::vector<int> sizes = {0,       1,       1 << 20, 70'000,  5, 1 << 20, 3 << 20,
                                  1 << 20, 1 << 17, 0,       9 << 20, 1, 1 << 16, 1 << 20};
  for (std::size_t chunksize : {1, 3, 14}) {
    std::vector<std::string> texts = pool.map(repeat, sizes, {.chunksize = chunksize});
    REQUIRE(sizes_of(texts) == sizes);
    for (const std::string& text : texts) REQUIRE(text == repeat(static_cast<int>(text.size())));
  }
  CHECK(sizes_of(pool.map_async(repeat, sizes).get()) == sizes);
}

TEST_CASE("numbers in long runs come back as they were sent", "[pool]") {
  Pool pool(2);
  auto count_up = [](int count) {
    std::vector<double> run(static_cast<std::size_t>(count));
    std::iota(run.begin(), run.end(), 0.5);
    return run;
  };
  const std::vector<int> counts = {200'000, 3, 200'000, 0, 100'000};
  auto runs = pool.map(count_up, counts);
  REQUIRE(runs.size() == counts.size());
  for (std::size_t i = 0; i < runs.size(); ++i) REQUIRE(runs[i] == count_up(counts[i]));
}

TEST_CASE("a small value after large ones keeps no large memory", "[pool]") {
  detail::MapCollector<std::string> collector(6);
  for (std::size_t size : {1 << 20, 1 << 20, 1000, 1 << 20, 600'000}) {
    Encoder out;
    Codec<std::string>::encode(std::string(size, 'x'), out);
    Decoder in(out.view());
    collector.take(in);
  }
  std::vector<std::string> values = collector.finish();
  REQUIRE(values.size() == 5);
  for (const std::string& value : values) CHECK(value.capacity() <= 2 * value.size());
}

}  // namespace
}  // namespace fetchpool::test
