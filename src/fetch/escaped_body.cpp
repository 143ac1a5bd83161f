#include "fetch/escaped_body.h"

#include <algorithm>
#include <span>
#include <utility>

#include "fetch/json_text.h"

namespace fetchpool::body {
namespace {

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kEscapedPiece = json_escaped_bound(kPiece);

}  // namespace

bool EscapedBody::append(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min(kPiece, text.size()))) {
    std::string_view piece = text.substr(0, kPiece);
    std::span<char> room = blocks_.room();
    if (room.size() >= kEscapedPiece) {
      blocks_.filled(static_cast<std::size_t>(escape_json(piece, room.data()) - room.data()));
      continue;
    }
    char escaped[kEscapedPiece];
    std::string_view rest(escaped, escape_json(piece, escaped));
    blocks_.append(rest);
    if (!rest.empty()) return false;
  }
  size_ = blocks_.size();
  return true;
}

std::string EscapedBody::release() {
  std::string text;
  text.reserve(size_);
  while (text.size() < size_) text += look(text.size(), size_ - text.size());
  blocks_.clear();
  size_ = 0;
  unescape_json(text);
  return text;
}

}  // namespace fetchpool::body
