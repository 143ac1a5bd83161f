// How a function of pages travels to the workers: by its address.
#pragma once

#include <cstdint>

namespace fetchpool {

struct Page;
class Encoder;

namespace detail {

struct PageTask {
  // Calls the function and encodes what it returns.
  using Trampoline = void (*)(std::uintptr_t function, const Page& page, Encoder& value);

  Trampoline trampoline = nullptr;
  std::uintptr_t function = 0;  // 0 where the type of the function says all

  bool is_set() const { return trampoline != nullptr; }
};

}  // namespace detail
}  // namespace fetchpool
