// Catch2 as Debian 12 (version 2) and Debian 13 (version 3) have it, under one spelling.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
#else
#include <catch2/catch.hpp>
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
inline auto ContainsSubstring(const std::string& part) {
  return Contains(part);
}
#endif
