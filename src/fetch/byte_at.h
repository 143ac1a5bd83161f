// A byte of a text as the number that it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fetchpool::body {

// Requires that there is one at `index`.
constexpr std::uint32_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

}  // namespace fetchpool::body
