#include "output/file_name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "fetchpool/error.h"

namespace fetchpool::output {
namespace {

constexpr std::size_t kMostNameBytes = 200;
constexpr std::size_t kMostPathBytes = 1024;
constexpr std::ptrdiff_t kMostFolders = 64;
constexpr std::size_t kMostSuffix = 8;

// Registered types that say more than "some bytes" (IANA media types).
constexpr std::array<std::pair<std::string_view, std::string_view>, 39> kExtensions{{
    {"text/html", "html"},
    {"application/xhtml+xml", "xhtml"},
    {"text/plain", "txt"},
    {"text/css", "css"},
    {"text/csv", "csv"},
    {"text/markdown", "md"},
    {"text/xml", "xml"},
    {"text/javascript", "js"},
    {"application/javascript", "js"},
    {"application/json", "json"},
    {"application/ld+json", "jsonld"},
    {"application/xml", "xml"},
    {"application/rss+xml", "xml"},
    {"application/atom+xml", "xml"},
    {"application/pdf", "pdf"},
    {"application/zip", "zip"},
    {"application/gzip", "gz"},
    {"application/x-gzip", "gz"},
    {"application/x-tar", "tar"},
    {"application/wasm", "wasm"},
    {"application/epub+zip", "epub"},
    {"image/jpeg", "jpg"},
    {"image/png", "png"},
    {"image/gif", "gif"},
    {"image/webp", "webp"},
    {"image/avif", "avif"},
    {"image/svg+xml", "svg"},
    {"image/x-icon", "ico"},
    {"image/vnd.microsoft.icon", "ico"},
    {"image/tiff", "tif"},
    {"image/bmp", "bmp"},
    {"audio/mpeg", "mp3"},
    {"audio/ogg", "ogg"},
    {"audio/wav", "wav"},
    {"video/mp4", "mp4"},
    {"video/webm", "webm"},
    {"font/woff", "woff"},
    {"font/woff2", "woff2"},
    {"font/ttf", "ttf"},
}};

bool is_letter_or_digit(char c) {
  return is_letter(c) || is_digit(c);
}

std::string padded(std::uint64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

// The host and port of a URL, and its path without the first slash, query and fragment.
struct UrlParts {
  std::string_view host;
  std::string_view path;
};

UrlParts parts_of(std::string_view url) {
  auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("?#"));
  auto slash = std::min(url.find('/'), url.size());
  UrlParts parts{url.substr(0, slash), url.substr(std::min(slash + 1, url.size()))};
  if (auto at = parts.host.rfind('@'); at != std::string_view::npos)
    parts.host.remove_prefix(at + 1);
  return parts;
}

std::string_view last_part(std::string_view path) {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// ".html" of "a.html"; empty where the name has no suffix that looks like one.
std::string_view suffix_of(std::string_view name) {
  auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  std::string_view suffix = name.substr(dot + 1);
  bool fits = !suffix.empty() && suffix.size() <= kMostSuffix &&
              std::all_of(suffix.begin(), suffix.end(), is_letter_or_digit);
  return fits ? name.substr(dot) : std::string_view();
}

// How many bytes the character at the beginning takes; 0: it is not UTF-8 (RFC 3629).
std::size_t character_size(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned first = byte(0);
  std::size_t size = first < 0x80   ? 1
                     : first < 0xc2 ? 0
                     : first < 0xe0 ? 2
                     : first < 0xf0 ? 3
                     : first < 0xf5 ? 4
                                    : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  bool is_odd = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
  return is_odd ? 0 : size;
}

// C0, DEL, C1 (U+0080 to U+009F) and the backslash.
bool is_unwanted(std::string_view character) {
  auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < ' ' || first == 0x7f || first == '\\';
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

std::string shortened(std::string name) {
  if (name.size() <= kMostNameBytes) return name;
  std::string suffix(suffix_of(name));
  std::size_t size = kMostNameBytes - suffix.size();
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80) --size;
  return name.substr(0, size) + suffix;
}

std::string safe_name(std::string_view wanted) {
  std::string name;
  while (!wanted.empty()) {
    std::size_t size = character_size(wanted);
    std::string_view character = wanted.substr(0, std::max<std::size_t>(size, 1));
    if (size == 0 || is_unwanted(character))
      name += '_';
    else
      name += character;
    wanted.remove_prefix(character.size());
  }
  if (name[0] == '.') name[0] = '_';
  return shortened(std::move(name));
}

// Empty where no system could be asked to make it.
std::string fit_path(std::string path) {
  bool is_fit =
      path.size() <= kMostPathBytes && std::count(path.begin(), path.end(), '/') <= kMostFolders;
  return is_fit ? path : std::string();
}

std::string value_of(std::string_view variable, const FetchResult& result) {
  const std::string& url = result.url_effective.empty() ? result.url : result.url_effective;
  UrlParts parts = parts_of(result.url.empty() ? url : result.url);
  if (variable == "seq") return std::to_string(result.seq);
  if (variable.starts_with("seq:0") && variable.size() == 6)
    return padded(result.seq, static_cast<std::size_t>(variable[5] - '0'));
  if (variable == "shard") return padded(result.seq / 10000, 5);
  // One name each: what belongs to a host cannot open a folder.
  std::string value;
  if (variable == "host") value = parts.host;
  if (variable == "path") return std::string(parts.path);
  if (variable == "basename")
    value = last_part(parts.path).empty() ? "index" : last_part(parts.path);
  if (variable == "ext") {
    value = extension_of(result.content_type, url);
    if (!value.empty()) value.insert(0, 1, '.');
  }
  if (variable == "status") value = std::to_string(result.response_code);
  return value;
}

bool is_variable(std::string_view name) {
  constexpr std::array<std::string_view, 7> kVariables{"seq",      "shard", "host",  "path",
                                                       "basename", "ext",   "status"};
  bool is_padded_seq =
      name.size() == 6 && name.starts_with("seq:0") && name[5] >= '1' && name[5] <= '9';
  return is_padded_seq || std::find(kVariables.begin(), kVariables.end(), name) != kVariables.end();
}

// Calls `text` for what stands between variables, `variable` for their names.
template <typename Text, typename Variable>
void walk_template(std::string_view rest, Text text, Variable variable) {
  while (!rest.empty()) {
    auto brace = std::min(rest.find_first_of("{}"), rest.size());
    text(rest.substr(0, brace));
    rest.remove_prefix(brace);
    if (rest.empty()) return;
    if (rest.size() > 1 && rest[1] == rest[0]) {
      text(rest.substr(0, 1));
      rest.remove_prefix(2);
      continue;
    }
    auto end = rest.find('}');
    if (rest[0] == '}' || end == std::string_view::npos)
      throw Error("a brace without its other half");
    variable(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

std::string extension_of(std::string_view content_type, std::string_view url) {
  std::string type = lower_case(content_type.substr(0, content_type.find_first_of("; \t,")));
  for (const auto& [name, extension] : kExtensions)
    if (type == name) return std::string(extension);
  std::string_view suffix = suffix_of(last_part(parts_of(url).path));
  return lower_case(suffix.substr(suffix.empty() ? 0 : 1));
}

std::string shard_of(std::uint64_t seq) {
  return "bodies/" + padded(seq / 10000, 5);
}

std::string default_name(const FetchResult& result) {
  std::string name = padded(result.seq, 9);
  std::string extension = extension_of(
      result.content_type, result.url_effective.empty() ? result.url : result.url_effective);
  return extension.empty() ? name : name + "." + extension;
}

std::string safe_path(std::string_view wanted) {
  std::string path;
  while (!wanted.empty()) {
    auto slash = std::min(wanted.find('/'), wanted.size());
    std::string_view name = wanted.substr(0, slash);
    wanted.remove_prefix(std::min(slash + 1, wanted.size()));
    if (name.empty() || name == "." || name == "..") continue;
    if (!path.empty()) path += '/';
    path += safe_name(name);
  }
  return path;
}

void check_template(std::string_view name_template) {
  walk_template(
      name_template, [](std::string_view) {},
      [](std::string_view name) {
        if (!is_variable(name))
          throw Error("{" + std::string(name) +
                      "} is no variable; there are {seq}, {seq:09}, {shard}, {host}, {path}, "
                      "{basename}, {ext}, {status}");
      });
}

std::string expand_template(std::string_view name_template, const FetchResult& result) {
  std::string path;
  walk_template(
      name_template, [&](std::string_view text) { path += text; },
      [&](std::string_view name) {
        std::string value = value_of(name, result);
        if (name != "path") std::replace(value.begin(), value.end(), '/', '_');
        path += value;
      });
  return fit_path(safe_path(path));
}

std::string wanted_path(std::string_view name_template, const FetchResult& result) {
  std::string path = result.out.empty() ? "" : fit_path(safe_path(result.out));
  if (path.empty() && !name_template.empty()) path = expand_template(name_template, result);
  return path.empty() ? shard_of(result.seq) + "/" + default_name(result) : path;
}

std::vector<std::string> possible_paths(std::string_view name_template,
                                        const FetchResult& request) {
  FetchResult answered;
  answered.seq = request.seq;
  answered.url = request.url;
  answered.out = request.out;
  std::vector<std::string> paths{wanted_path(name_template, answered)};
  for (const auto& [type, extension] : kExtensions) {
    answered.content_type = type;
    std::string path = wanted_path(name_template, answered);
    if (std::find(paths.begin(), paths.end(), path) == paths.end())
      paths.push_back(std::move(path));
  }
  return paths;
}

bool needs_response(std::string_view name_template) {
  bool needs = false;
  walk_template(
      name_template, [](std::string_view) {},
      [&](std::string_view name) { needs = needs || name == "status"; });
  return needs;
}

std::string numbered(std::string_view path, std::uint64_t number) {
  std::string_view suffix = suffix_of(last_part(path));
  std::string name(path.substr(0, path.size() - suffix.size()));
  return name + "-" + std::to_string(number) + std::string(suffix);
}

}  // namespace fetchpool::output
