// How much a test does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace fetchpool::test {

// FETCHPOOL_TEST_LONG is set: sizes as promised to users, instead of smaller ones that show the
// same in less time.
inline bool is_long_run() {
  return std::getenv("FETCHPOOL_TEST_LONG") != nullptr;
}

// Whether this is a build that takes many times as long, and whose speed and memory say nothing
// about the program.
constexpr bool is_sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
  return false;
#endif
}

// How often tests of chance repeat themselves: `whole` in long runs, else a tenth of it, or a
// fortieth with a sanitizer; once at least.
inline int rounds_of(int whole) {
  return is_long_run() ? whole : std::max(1, whole / (is_sanitized() ? 40 : 10));
}

// `whole`, or a fifth of it with a sanitizer, for tests that are short without one.
inline int shorter_if_sanitized(int whole) {
  return is_sanitized() && !is_long_run() ? whole / 5 : whole;
}

// Of the places where something may go wrong, every so many'th is tried; all of them in long runs.
inline std::size_t step_of(std::size_t step) {
  return is_long_run() ? 1 : is_sanitized() ? step * 4 : step;
}

}  // namespace fetchpool::test
