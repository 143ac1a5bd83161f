// UTF-8 (RFC 3629): is it, and what to make of it where it is not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fetch/simd.h"

namespace fetchpool::body {

// Whether `bytes` are UTF-8 from the first to the last: no overlong form, no surrogate, nothing
// above U+10FFFF, no sequence cut at the end. NUL and U+FEFF are characters like any other.
bool is_valid_utf8(std::string_view bytes);

// The same with these instructions, which the machine must have.
bool is_valid_utf8_with(Simd simd, std::string_view bytes);

// `bytes` with U+FFFD for everything that is not UTF-8: one for each longest start of a character
// that does not go on as it must, or else for each byte (the practice of Unicode 3.9 and of
// WHATWG's decoder). Valid bytes stay as they are.
std::string repaired_utf8(std::string_view bytes);

// What stands at the start of some bytes: a character, the start of one, or neither.
struct Utf8Sequence {
  enum class Kind {
    valid,    // a whole character of `length` bytes
    cut,      // all the bytes, and they could be the start of a character
    invalid,  // `length` bytes to be replaced by one U+FFFD
  };
  Kind kind;
  std::size_t length;
};

// Requires at least one byte; looks at four at most.
Utf8Sequence first_utf8_sequence(std::string_view bytes);

// Where the last character of `bytes` begins if it is cut there, or bytes.size(): the point up to
// which they can be judged before their continuation is known.
std::size_t utf8_cut(std::string_view bytes);

}  // namespace fetchpool::body
