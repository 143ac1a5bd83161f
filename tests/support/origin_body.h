// The bodies that the test origin serves, for tests to compute what must arrive.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fetchpool::test {

// The body of exactly `size` bytes that the origin sends for `target`, the path with its query as
// requested ("/ok?size=300"). HTML-like text with quotes, line ends, tabs and letters outside
// ASCII; always valid UTF-8; different for different targets as soon as it is a few bytes long.
std::string origin_body(std::string_view target, std::size_t size);

}  // namespace fetchpool::test
