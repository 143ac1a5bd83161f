// The pages of the demo origin, made by the program itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace demo {

inline constexpr int page_count = 240;

// The HTML of "/pages/001.html" to "/pages/240.html" and of "/" (the list of them all); nothing for
// any other path.
std::optional<std::string> page_at(std::string_view path);

}  // namespace demo
