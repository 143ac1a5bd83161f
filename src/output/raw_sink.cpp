#include "output/raw_sink.h"

#include <cassert>
#include <cstddef>

namespace fetchpool::output {

std::string line_about(const FetchResult& result) {
  std::string line = result.input;
  line += ": ";
  line += name(result.outcome);
  if (!result.error.empty()) line += ": " + result.error;
  // U+0080 to U+009F are commands to some terminals, like the control characters of ASCII.
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto byte = static_cast<unsigned char>(line[i]);
    bool is_c1 = byte >= 0x80 && byte <= 0x9f && i > 0 && line[i - 1] == '\xc2';
    if (byte < ' ' || byte == 0x7f) line[i] = '?';
    if (is_c1) line[i - 1] = line[i] = '?';
  }
  return line;
}

void RawSink::put(FetchResult&& result) {
  static const std::vector<Bytes> kNothing;
  bool has_body = result.ok() && !result.body.empty();
  assert(!has_body || result.body_encoding == FetchResult::Encoding::raw);
  if (!result.ok() && report_) report_(line_about(result));
  stream().put(place_of(result), {}, has_body ? result.body.pieces() : kNothing, {});
}

}  // namespace fetchpool::output
