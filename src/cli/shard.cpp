#include "cli/shard.h"

#include <spdlog/fmt/fmt.h>
#include <xxhash.h>

#include <algorithm>

#include "cli/quantities.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {

bool Shard::has_line(std::uint64_t line) const {
  return line % static_cast<std::uint64_t>(count) == static_cast<std::uint64_t>(number - 1);
}

bool Shard::has_host(std::string_view origin) const {
  return has_line(XXH3_64bits(origin.data(), origin.size()));
}

Shard parse_shard(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    throw UsageError(
        fmt::format("--shard: \"{}\" does not look like K/N, as in 1/4", safe_text(text, 60)));
  Shard shard;
  shard.count = parse_count("--shard", text.substr(slash + 1), 1, 1'000'000);
  shard.number = parse_count("--shard", text.substr(0, slash), 1, shard.count);
  return shard;
}

}  // namespace fetchpool::cli
