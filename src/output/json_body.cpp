#include "output/json_body.h"

#include <string>
#include <utility>

#include "base/byte_buffer.h"
#include "fetch/base64.h"
#include "fetch/json_text.h"
#include "fetch/utf8.h"

namespace fetchpool::output {

void encode_raw_body(FetchResult& result) {
  if (result.body_encoding != FetchResult::Encoding::raw) return;
  std::string whole = result.body.str();
  bool is_text = body::is_valid_utf8(whole);
  ByteBuffer encoded;
  if (is_text)
    body::append_escaped_json(encoded, whole);
  else
    body::append_base64(encoded, whole);
  result.body = Body(encoded.release());
  result.body_encoding = is_text ? FetchResult::Encoding::utf8 : FetchResult::Encoding::base64;
}

}  // namespace fetchpool::output
