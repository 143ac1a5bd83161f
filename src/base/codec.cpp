#include "fetchpool/codec.h"

#include <sys/mman.h>
#include <unistd.h>

namespace fetchpool {
namespace {

// Numbers of madvise(2) that older headers do not have.
constexpr int kPopulateForWriting = 23;
constexpr int kCollapseIntoHugePages = 25;
// A range of so many bytes contains a huge page, wherever it begins.
constexpr std::size_t kHugePages = std::size_t{4} << 20;

}  // namespace

void Decoder::throw_cut_short() {
  throw SerializationError("a value cannot be decoded: its bytes end too early");
}

void Decoder::throw_damaged() {
  throw SerializationError("a value cannot be decoded: its bytes are damaged");
}

void detail::make_resident(void* data, std::size_t size) {
  constexpr std::size_t kWorthACall = std::size_t{128} << 10;
  if (size < kWorthACall) return;
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  auto address = reinterpret_cast<std::uintptr_t>(data);
  std::uintptr_t begin = (address + page - 1) / page * page;
  std::uintptr_t end = (address + size) / page * page;
  // Refused by older systems; then the pages come one by one.
  if (end - begin >= kHugePages)
    (void)madvise(reinterpret_cast<void*>(begin), end - begin, kCollapseIntoHugePages);
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, kPopulateForWriting);
}

}  // namespace fetchpool
