#include "fetch/header_lines.h"

#include <cstdint>

namespace fetchpool::engine {

void write_header_lines(WireWriter& out, const std::vector<HeaderLine>& headers) {
  out.value(static_cast<std::uint32_t>(headers.size()));
  for (const auto& [name, value] : headers) {
    out.text(name);
    out.text(value);
  }
}

void read_header_lines(WireReader& in, std::vector<HeaderLine>& headers) {
  auto count = in.value<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    auto name = in.text();
    auto value = in.text();
    headers.emplace_back(name, value);
  }
}

}  // namespace fetchpool::engine
