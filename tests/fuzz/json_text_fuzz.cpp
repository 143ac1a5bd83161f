// Any bytes go through the text encodings and back: escaped text is undone by a plain reader, and
// what comes in pieces travels as the whole does. The first byte chooses the cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fetch/body_text.h"
#include "fetch/json_text.h"
#include "fetch/utf8.h"

namespace {

using namespace fetchpool::body;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string unescaped(std::string_view json) {
  std::string text;
  for (std::size_t at = 0; at < json.size(); ++at) {
    char byte = json[at];
    require(static_cast<unsigned char>(byte) >= 0x20 && byte != '"');
    if (byte != '\\') {
      text += byte;
      continue;
    }
    require(++at < json.size());
    constexpr std::string_view letters = "\"\\bfnrt";
    constexpr std::string_view specials = "\"\\\b\f\n\r\t";
    if (json[at] == 'u') {
      require(at + 4 < json.size());
      text += static_cast<char>(std::stoi(std::string(json.substr(at + 1, 4)), nullptr, 16));
      at += 4;
    } else {
      require(letters.find(json[at]) != std::string_view::npos);
      text += specials[letters.find(json[at])];
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::size_t piece_size = 1 + data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  std::string repaired = repaired_utf8(bytes);
  require(is_valid_utf8(repaired));
  require(is_valid_utf8(bytes) == (repaired == bytes));
  std::string json;
  append_json_string(json, bytes);
  require(unescaped(std::string_view(json).substr(1, json.size() - 2)) == repaired);

  ByteBuffer whole;
  Encoding encoding = append_body(whole, bytes, Form::json);
  TextProbe probe;
  BodyEncoder encoder(encoding);
  ByteBuffer out;
  for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
    probe.feed(bytes.substr(at, piece_size));
    encoder.append(out, bytes.substr(at, piece_size));
  }
  encoder.finish(out);
  require(probe.is_text() == (encoding == Encoding::utf8));
  require(out.view() == whole.view());
  return 0;
}
