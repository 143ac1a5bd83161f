// How a body travels: as JSON text, as base64, or as it is.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/byte_buffer.h"
#include "fetch/base64.h"

namespace fetchpool::body {

// What the receiver of a body wants.
enum class Form {
  json,  // the inside of a JSON string
  raw,
};

// What a body became.
enum class Encoding {
  utf8,    // JSON text, escaped, without quotes
  base64,  // for what is not text
  raw,
};

// The value of a record's `body_encoding`: "utf-8", "base64"; "raw" stands in no record.
std::string_view name_of(Encoding encoding);

// Whether a body goes as text: valid UTF-8 without NUL, which many readers of JSON cannot take.
bool is_text(std::string_view body);

// Appends a whole body in `form` and says what it became.
Encoding append_body(ByteBuffer& out, std::string_view body, Form form);

// The answer of is_text() for a body that comes in pieces of any cut.
class TextProbe {
 public:
  void feed(std::string_view piece);
  // Of all pieces so far, as if the last one ended the body.
  bool is_text() const { return is_text_so_far_ && cut_size_ == 0; }
  // False: nothing that comes can make it text.
  bool is_text_so_far() const { return is_text_so_far_; }
  void clear() { *this = TextProbe(); }

 private:
  void complete_cut(std::string_view& piece);

  bool is_text_so_far_ = true;
  char cut_[4];  // the start of a character whose rest was not seen yet
  std::size_t cut_size_ = 0;
};

// Encodes a body that comes in pieces of any cut; what all calls append together is what
// append_body() appends for the whole. Encoding::utf8 requires a body that is_text().
class BodyEncoder {
 public:
  explicit BodyEncoder(Encoding encoding) : encoding_(encoding) {}

  void append(ByteBuffer& out, std::string_view piece);
  void finish(ByteBuffer& out);

 private:
  Encoding encoding_;
  Base64Encoder base64_;
};

}  // namespace fetchpool::body
