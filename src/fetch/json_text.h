// Text as the inside of a JSON string (RFC 8259, section 7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "fetch/simd.h"

namespace fetchpool::body {

// The room that escape_json() needs for `size` bytes. It writes beyond what it returns, but never
// beyond this.
constexpr std::size_t json_escaped_bound(std::size_t size) {
  return 6 * size + 32;
}

// Writes `text` with quote, backslash and control characters (U+0000 to U+001F) escaped, without
// quotes around it, and returns the end of what it wrote. All other characters stand for
// themselves, DEL, U+2028 and U+2029 among them. Requires json_escaped_bound(text.size()) bytes of
// room. Works byte by byte: a text may be given in pieces of any cut. The result is JSON when all
// the pieces together are valid UTF-8.
char* escape_json(std::string_view text, char* out);

// The same at the end of a buffer, which grows as needed and not to the bound of the whole text.
void append_escaped_json(ByteBuffer& out, std::string_view text);

// escape_json() with these instructions, which the machine must have.
char* escape_json_with(Simd simd, std::string_view text, char* out);

// Turns the inside of a JSON string into its text, if there is no escape in it of a character
// beyond U+FFFF: escape_json() makes none.
void unescape_json(std::string& inside);

// Appends a whole JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, as
// repaired_utf8() does it.
void append_json_string(std::string& out, std::string_view any_bytes);

}  // namespace fetchpool::body
