#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "support/catch.h"
#include "support/temp_dir.h"

// Of tests/fuzz/frame_fuzz.cpp; aborts where a claim does not hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

TEST_CASE("the seeds of the frame fuzzer, and what it found, are decoded alike", "[ipc]") {
  int seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FETCHPOOL_FRAME_SEEDS)) {
    INFO(entry.path());
    std::string bytes = fetchpool::test::read_file(entry.path());
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                 bytes.size()) == 0);
    ++seeds;
  }
  CHECK(seeds >= 14);
}
