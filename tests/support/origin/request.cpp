#include "support/origin/request.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace fetchpool::test {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Request read_head(std::string_view head) {
  Request request;
  std::size_t line_end = head.find("\r\n");
  std::string_view line = head.substr(0, line_end);
  std::size_t first = line.find(' ');
  std::size_t second = line.rfind(' ');
  if (first == line.npos || second <= first) return request;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  request.keep_alive = line.substr(second + 1) != "HTTP/1.0";
  while (line_end != head.npos) {
    std::size_t start = line_end + 2;
    line_end = head.find("\r\n", start);
    line = head.substr(start, line_end == head.npos ? head.npos : line_end - start);
    std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = lower(c);
    request.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  }
  if (request.header("connection") == "close") request.keep_alive = false;
  // What a proxy is asked for; it is shown as one more header.
  if (request.target.starts_with("http://")) {
    request.headers.emplace_back("absolute-target", request.target);
    request.target.erase(0, std::min(request.target.find('/', 7), request.target.size()));
  }
  return request;
}

// The end of a chunked body that starts at `at`, its content in `body`; nothing: not all here yet.
std::optional<std::size_t> read_chunks(std::string_view input, std::size_t at, std::string& body) {
  for (;;) {
    std::size_t line_end = input.find("\r\n", at);
    if (line_end == input.npos) return std::nullopt;
    std::size_t size = 0;
    std::from_chars(input.data() + at, input.data() + line_end, size, 16);
    at = line_end + 2;
    if (input.size() < at + size + 2) return std::nullopt;
    body.append(input, at, size);
    at += size + 2;
    if (size == 0) return at;
  }
}

}  // namespace

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::prefix() const {
  return path().substr(0, path().find('/', 1));
}

std::string_view Request::rest() const {
  std::string_view rest = path().substr(prefix().size());
  return rest.empty() ? rest : rest.substr(1);
}

std::string Request::parameter(std::string_view name, std::string_view fallback) const {
  std::string_view query = target;
  query.remove_prefix(path().size());
  while (!query.empty()) {
    query.remove_prefix(1);
    std::string_view pair = query.substr(0, query.find('&'));
    if (pair.substr(0, pair.find('=')) == name)
      return pair.size() > name.size() ? percent_decoded(pair.substr(name.size() + 1)) : "";
    query.remove_prefix(pair.size());
  }
  return std::string(fallback);
}

long Request::number(std::string_view name, long fallback) const {
  std::string text = parameter(name);
  return text.empty() ? fallback : std::atol(text.c_str());
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::optional<Request> take_request(std::string& input, bool& wants_continue) {
  wants_continue = false;
  std::size_t head_end = input.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  Request request = read_head(std::string_view(input).substr(0, head_end));
  std::size_t end = head_end + 4;
  if (!request.header("transfer-encoding").empty()) {
    auto chunks_end = read_chunks(input, end, request.body);
    if (!chunks_end) {
      wants_continue = !request.header("expect").empty();
      return std::nullopt;
    }
    end = *chunks_end;
  } else if (std::string_view length = request.header("content-length"); !length.empty()) {
    std::size_t size = 0;
    std::from_chars(length.data(), length.data() + length.size(), size);
    if (input.size() - end < size) {
      wants_continue = !request.header("expect").empty();
      return std::nullopt;
    }
    request.body = input.substr(end, size);
    end += size;
  }
  input.erase(0, end);
  return request;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace fetchpool::test
