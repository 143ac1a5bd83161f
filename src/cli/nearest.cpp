#include "cli/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace fetchpool::cli {
namespace {

// Insertions, deletions and replacements between the two (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j + 1] + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t kLongestWord = 64;
  if (word.size() < 3 || word.size() > kLongestWord) return {};
  auto begun = [&](const std::string& name) { return word.size() > 4 && name.starts_with(word); };
  if (auto found = std::find_if(names.begin(), names.end(), begun); found != names.end())
    return *found;
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 4) + 1;
  for (const std::string& name : names) {
    std::size_t errors = distance(word, name);
    if (errors >= best_distance || name.size() <= 3) continue;
    best_distance = errors;
    best = name;
  }
  return best;
}

}  // namespace fetchpool::cli
