// "Did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fetchpool::cli {

// The name that `word` was most probably meant to be, or nothing where none is close: one that
// begins with it, else one a few typing errors away.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace fetchpool::cli
