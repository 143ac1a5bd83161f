// From the lines of a list to what is to be fetched.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>

#include "cli/arguments.h"
#include "cli/line_resolver.h"
#include "cli/line_splitter.h"
#include "fetchpool/fetch_request.h"
#include "fetchpool/fetch_result.h"

namespace fetchpool::cli {

struct ListEntry {
  // The line: the URL itself where `more` says nothing else.
  std::string text;
  // A request with all it says, or the result of a line that needs none.
  std::variant<std::monostate, FetchRequest, FetchResult> more{};
};

// What can be said of a line's request without making it: `input`, `id`, `out` and `url`. Nothing
// where it is no URL, or its result is known.
std::optional<FetchResult> about(const ListEntry& entry, bool allow_userinfo);

// Reads lines in their order. With --dedupe it keeps 16 bytes, which are about 56 in memory, of
// each URL.
class RequestReader {
 public:
  // Throws UsageError where --base is no URL.
  explicit RequestReader(const Arguments& arguments);

  // What the next line asks for; nothing where it belongs to another shard.
  std::optional<ListEntry> read(ListLine line);

 private:
  struct KeyHash {
    std::size_t operator()(const std::array<std::uint64_t, 2>& key) const {
      return static_cast<std::size_t>(key[0]);
    }
  };

  ListEntry understand(ListLine line) const;
  bool is_of_shard(const ListEntry& entry);
  bool was_seen(const ListEntry& entry);

  LineResolver resolver_;
  InputFormat format_;
  Shard shard_;
  bool dedupe_;
  bool allow_userinfo_;
  std::uint64_t lines_ = 0;
  std::uint64_t seed_;  // so that no list can be made that has the same keys
  std::unordered_set<std::array<std::uint64_t, 2>, KeyHash> seen_;
};

}  // namespace fetchpool::cli
