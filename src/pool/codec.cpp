#include "fetchpool/codec.h"

#include <sys/mman.h>
#include <unistd.h>

namespace fetchpool {

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
#ifdef MADV_POPULATE_WRITE
  // Refused by older systems; then the pages come one by one.
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
#else
  (void)begin, (void)end;
#endif
}

}  // namespace fetchpool
