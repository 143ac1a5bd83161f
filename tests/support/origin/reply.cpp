#include "support/origin/reply.h"

#include <algorithm>
#include <array>

#include "support/origin/request.h"
#include "support/origin_body.h"

namespace fetchpool::test {

std::string head(std::string_view status, const Lines& lines) {
  std::string text = "HTTP/1.1 ";
  text += status;
  text += "\r\n";
  for (const std::string& line : lines) {
    text += line;
    text += "\r\n";
  }
  text += "\r\n";
  return text;
}

Reply respond(const Request& request, std::string_view status, Lines lines, std::string body) {
  lines.push_back("Content-Length: " + std::to_string(body.size()));
  std::string text = head(status, lines);
  if (request.method != "HEAD") text += body;
  return Reply().send(std::move(text));
}

std::string body_for(const Request& request, long default_size) {
  long size = std::max(0L, request.number("size", default_size));
  return origin_body(request.target, static_cast<std::size_t>(size));
}

std::string repeated(std::string_view text, std::size_t size) {
  std::string many;
  many.reserve(size + text.size());
  while (many.size() < size) many += text;
  return many;
}

std::string status_text(long code) {
  struct Name {
    long code;
    const char* name;
  };
  static constexpr std::array<Name, 28> names = {{
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {203, "Non-Authoritative Information"},
      {204, "No Content"},
      {206, "Partial Content"},
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {410, "Gone"},
      {416, "Range Not Satisfiable"},
      {421, "Misdirected Request"},
      {425, "Too Early"},
      {429, "Too Many Requests"},
      {500, "Internal Server Error"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  }};
  auto name = std::find_if(names.begin(), names.end(),
                           [code](const Name& entry) { return entry.code == code; });
  return std::to_string(code) + " " + (name == names.end() ? "Status" : name->name);
}

}  // namespace fetchpool::test
