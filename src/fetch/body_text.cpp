#include "fetch/body_text.h"

#include <algorithm>
#include <cstring>

#include "fetch/json_text.h"
#include "fetch/utf8.h"

namespace fetchpool::body {
namespace {

bool has_nul(std::string_view bytes) {
  return !bytes.empty() && std::memchr(bytes.data(), 0, bytes.size()) != nullptr;
}

}  // namespace

std::string_view name_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::utf8:
      return "utf-8";
    case Encoding::base64:
      return "base64";
    case Encoding::raw:
      break;
  }
  return "raw";
}

bool is_text(std::string_view body) {
  return !has_nul(body) && is_valid_utf8(body);
}

Encoding append_body(ByteBuffer& out, std::string_view body, Form form) {
  if (form == Form::raw) {
    out.append(body);
    return Encoding::raw;
  }
  if (is_text(body)) {
    append_escaped_json(out, body);
    return Encoding::utf8;
  }
  append_base64(out, body);
  return Encoding::base64;
}

void TextProbe::feed(std::string_view piece) {
  if (!is_text_so_far_) return;
  complete_cut(piece);
  if (!is_text_so_far_ || piece.empty()) return;
  std::size_t cut = utf8_cut(piece);
  is_text_so_far_ = body::is_text(piece.substr(0, cut));
  cut_size_ = piece.size() - cut;
  std::copy(piece.begin() + static_cast<std::ptrdiff_t>(cut), piece.end(), cut_);
}

// Takes from the front of `piece` what the cut character needs.
void TextProbe::complete_cut(std::string_view& piece) {
  while (cut_size_ > 0 && !piece.empty()) {
    cut_[cut_size_++] = piece.front();
    piece.remove_prefix(1);
    auto sequence = first_utf8_sequence({cut_, cut_size_});
    if (sequence.kind == Utf8Sequence::Kind::cut) continue;
    is_text_so_far_ = sequence.kind == Utf8Sequence::Kind::valid;
    cut_size_ = 0;
  }
}

void BodyEncoder::append(ByteBuffer& out, std::string_view piece) {
  switch (encoding_) {
    case Encoding::utf8:
      return append_escaped_json(out, piece);
    case Encoding::base64:
      return base64_.append(out, piece);
    case Encoding::raw:
      return out.append(piece);
  }
}

void BodyEncoder::finish(ByteBuffer& out) {
  if (encoding_ == Encoding::base64) base64_.finish(out);
}

}  // namespace fetchpool::body
