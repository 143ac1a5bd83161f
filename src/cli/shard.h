// A part of a list, for one machine of several.
#pragma once

#include <cstdint>
#include <string_view>

namespace fetchpool::cli {

// Part `number` (from 1) of `count`.
struct Shard {
  int number = 1;
  int count = 1;
  bool by_host = false;  // all URLs of a host (scheme, name and port) in the same part

  bool is_all() const { return count == 1; }
  // Of lines: every count-th one, beginning with the number-th; `line` counts from 0.
  bool has_line(std::uint64_t line) const;
  // Of hosts, as scheme://host:port: the same on every machine and in every version.
  bool has_host(std::string_view origin) const;
};

// "K/N". Throws UsageError.
Shard parse_shard(std::string_view text);

}  // namespace fetchpool::cli
