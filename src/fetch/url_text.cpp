#include "fetch/url_text.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"

namespace fetchpool::engine {

namespace {

bool is_scheme(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_scheme_character(c); });
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// How many dots the segment consists of: 1 or 2, or 0 for any other segment.
int dots(std::string_view segment) {
  int count = 0;
  while (!segment.empty()) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (starts_with_ignoring_case(segment, "%2e")) {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++count > 2) return 0;
  }
  return count;
}

constexpr auto kMustBeEncoded = [](char c) {
  return c == ' ' || c == '\\' || static_cast<unsigned char>(c) > 126;
};

}  // namespace

UrlParts split_reference(std::string_view text) {
  UrlParts parts;
  std::string_view rest = text.substr(0, text.find('#'));
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos && is_scheme(rest.substr(0, colon))) {
    parts.scheme = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    parts.query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    parts.authority = rest.substr(0, rest.find('/'));
    rest.remove_prefix(parts.authority->size());
  }
  parts.path = rest;
  return parts;
}

Authority split_authority(std::string_view authority) {
  Authority parts;
  std::string_view rest = authority;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    parts.userinfo = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  std::size_t host_size = rest.find(':');
  if (rest.starts_with('[')) {
    const std::size_t bracket = rest.find(']');
    host_size = bracket == std::string_view::npos ? bracket : rest.find(':', bracket);
  }
  parts.host = rest.substr(0, host_size);
  if (host_size != std::string_view::npos) parts.port = rest.substr(host_size + 1);
  return parts;
}

bool is_free_of_dot_segments(std::string_view path) {
  return path.starts_with('/') && path.find("/.") == std::string_view::npos &&
         path.find("/%2") == std::string_view::npos;
}

std::string without_dot_segments(std::string_view path) {
  std::string out;
  out.reserve(path.size() + 1);
  if (path.starts_with('/')) path.remove_prefix(1);
  for (bool last = false; !last;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    last = end == path.size();
    const int count = dots(segment);
    if (count == 0) {
      out.append("/").append(segment);
    } else {
      if (count == 2) out.resize(out.empty() ? 0 : out.rfind('/'));
      if (last) out += '/';
    }
    if (!last) path.remove_prefix(end + 1);
  }
  return out;
}

void append_encoded(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (auto at = text.begin();; ++at) {
    const auto plain = at;
    at = std::find_if(plain, text.end(), kMustBeEncoded);
    out.append(plain, at);
    if (at == text.end()) return;
    const auto byte = static_cast<unsigned char>(*at);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                        hex_value(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_scheme_character(char c) {
  return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

}  // namespace fetchpool::engine
