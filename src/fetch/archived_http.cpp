#include "fetch/archived_http.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "fetch/url_text.h"

namespace fetchpool::archive {
namespace {

constexpr std::string_view kOutdated = "X-Crawler-";

// What tells nothing that the other side, or anybody, must not know.
bool is_harmless(std::string_view name) {
  constexpr std::array<std::string_view, 21> kHarmless{"host",
                                                       "user-agent",
                                                       "accept",
                                                       "accept-charset",
                                                       "accept-encoding",
                                                       "accept-language",
                                                       "connection",
                                                       "content-length",
                                                       "content-type",
                                                       "transfer-encoding",
                                                       "te",
                                                       "expect",
                                                       "range",
                                                       "if-range",
                                                       "if-none-match",
                                                       "if-match",
                                                       "if-modified-since",
                                                       "if-unmodified-since",
                                                       "cache-control",
                                                       "pragma",
                                                       "upgrade-insecure-requests"};
  return std::any_of(kHarmless.begin(), kHarmless.end(), [name](std::string_view harmless) {
    return equal_ignoring_case(name, harmless);
  });
}

// Takes a line with its end from the front.
std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n') + 1);
  if (line.empty()) line = text;
  text.remove_prefix(line.size());
  return line;
}

bool is_blank_line(std::string_view line) {
  return line == "\r\n" || line == "\n";
}

std::string_view value_of(std::string_view line) {
  line.remove_prefix(std::min(line.find(':') + 1, line.size()));
  line.remove_suffix(line.size() - std::min(line.find_last_not_of("\r\n") + 1, line.size()));
  return trimmed(line);
}

bool goes_on(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

void append_line(std::string& out, std::string_view line) {
  out += line;
  if (!line.ends_with('\n') || line.ends_with("\r\n")) return;
  out.back() = '\r';
  out += '\n';
}

// Puts "HTTP/1.1" for the version of another protocol.
void append_start_line(std::string& out, std::string_view line) {
  std::size_t begin = line.find("HTTP/");
  std::size_t end = std::min(line.find_first_of(" \r\n", begin), line.size());
  std::string_view version = line.substr(std::min(begin, end), end - std::min(begin, end));
  if (begin == std::string_view::npos || version == "HTTP/1.0" || version == "HTTP/1.1") {
    return append_line(out, line);
  }
  out += line.substr(0, begin);
  out += "HTTP/1.1";
  append_line(out, line.substr(end));
}

}  // namespace

std::string archived_request(std::string_view sent) {
  std::string out;
  // The target of a request comes before the version and may hold its name.
  std::string_view start = take_line(sent);
  std::size_t version = start.rfind(" HTTP/");
  out += start.substr(0, version);
  if (version != std::string_view::npos) append_start_line(out, start.substr(version));
  while (!sent.empty()) {
    std::string_view line = take_line(sent);
    std::string_view name = line.substr(0, line.find(':'));
    if (is_blank_line(line) || is_harmless(name))
      out += line;
    else
      out += std::string(name) + ": [redacted]\r\n";
  }
  return out;
}

std::string archived_response(std::string_view head, const ArchivedBody& body) {
  std::string out;
  out.reserve(head.size() + 128);
  append_start_line(out, take_line(head));
  std::string size = std::to_string(body.size);
  bool has_length = false;
  while (!head.empty()) {
    std::string_view line = take_line(head);
    if (is_blank_line(line)) {
      if (!has_length && body.expected) out += "Content-Length: " + size + "\r\n";
      append_line(out, line);
      break;
    }
    std::string_view name = goes_on(line) ? std::string_view() : line.substr(0, line.find(':'));
    bool outdated = equal_ignoring_case(name, "transfer-encoding") ||
                    (body.decoded && equal_ignoring_case(name, "content-encoding"));
    if (equal_ignoring_case(name, "content-length")) {
      // A value that goes on in the next line is never this one.
      outdated = has_length || goes_on(head) || value_of(line) != size;
      has_length = has_length || !outdated;
    }
    if (outdated) out += kOutdated;
    append_line(out, line);
  }
  return out;
}

}  // namespace fetchpool::archive
