#include "cli/safe_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>

namespace fetchpool::cli {
namespace {

constexpr std::string_view kUrlDelimiters = "/\\?# \t\r\n\"'<>";

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t length = 0;  // 0: not UTF-8
};

// The character at the start of `text`, by the table of well-formed UTF-8 (Unicode 3.9, D92).
Decoded decode_utf8(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = lead >= 0xC2 && lead <= 0xDF ? 2
                       : lead >> 4 == 0xE           ? 3
                       : lead >> 3 == 0x1E          ? 4
                                                    : 0;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3FU);
  }
  bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, length};
}

bool misleads(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

std::string escaped(std::uint32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  return c < 0x80 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{{{:04x}}}", c);
}

// Whether what begins at `begin` is the part of a URL that may hold a user name: it follows two
// slashes, or the slashes were forgotten and the text begins with name:password@.
bool begins_authority(std::string_view text, std::size_t begin, std::string_view userinfo) {
  auto slash = [](char c) { return c == '/' || c == '\\'; };
  if (begin == 0) return userinfo.find(':') != std::string_view::npos;
  char before = text[begin - 1];
  if (before == '?' || before == '#') return false;
  if (!slash(before)) return userinfo.find(':') != std::string_view::npos;
  return begin >= 2 && (slash(text[begin - 2]) || text[begin - 2] == ':');
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    Decoded character = decode_utf8(text);
    std::size_t length = std::max<std::size_t>(character.length, 1);
    if (character.length == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else if (misleads(character.code_point))
      out += escaped(character.code_point);
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out;
}

std::string without_userinfo(std::string_view text) {
  std::string out;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    std::size_t end = std::min(text.find_first_of(kUrlDelimiters, begin), text.size());
    std::string_view segment = text.substr(begin, end - begin);
    std::size_t at = segment.rfind('@');
    if (at != std::string_view::npos && begins_authority(text, begin, segment.substr(0, at))) {
      out += "***";
      segment.remove_prefix(at);
    }
    out += segment;
    if (end < text.size()) out += text[end];
    begin = end + 1;
  }
  return out;
}

std::string safe_text(std::string_view text, std::size_t max_bytes) {
  // Cut after masking, so that a cut never separates a password from the @ that marks it.
  std::string masked = without_userinfo(text);
  if (masked.size() <= max_bytes) return printable(masked);
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(masked[end]) & 0xC0) == 0x80) --end;
  return printable(std::string_view(masked).substr(0, end)) + "...";
}

}  // namespace fetchpool::cli
