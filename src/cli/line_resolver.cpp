#include "cli/line_resolver.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/ascii.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"
#include "fetch/url.h"
#include "fetch/url_text.h"

namespace fetchpool::cli {
namespace {

// Whether `text` begins as what follows the colon of host:port.
bool begins_with_port(std::string_view text) {
  std::size_t digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  bool ends_there =
      digits == text.size() || text[digits] == '/' || text[digits] == '?' || text[digits] == '#';
  return digits > 0 && ends_there;
}

}  // namespace

struct LineResolver::Base {
  engine::Url url;
};

bool names_scheme(std::string_view line) {
  if (line.empty() || !is_letter(line[0])) return false;
  auto end = std::find_if_not(line.begin(), line.end(), engine::is_scheme_character);
  if (end == line.end() || *end != ':') return false;
  auto scheme_length = static_cast<std::size_t>(end - line.begin());
  return !begins_with_port(line.substr(scheme_length + 1));
}

LineResolver::LineResolver(const std::string& base, std::string default_scheme)
    : default_scheme_(std::move(default_scheme)) {
  if (base.empty()) return;
  auto parsed = engine::parse_url(base);
  if (auto* error = std::get_if<engine::UrlError>(&parsed))
    throw UsageError("--base: " + safe_text(base, 200) + ": " + error->reason);
  base_ = std::make_unique<Base>(Base{std::get<engine::Url>(std::move(parsed))});
}

LineResolver::~LineResolver() = default;

std::string LineResolver::resolve(std::string line) const {
  if (base_ && !names_scheme(line)) {
    auto resolved = engine::resolve(base_->url, line);
    if (auto* url = std::get_if<engine::Url>(&resolved)) return std::move(url->text);
    return line;
  }
  if (default_scheme_.empty() || names_scheme(line) || line.empty()) return line;
  return default_scheme_ + (line.starts_with("//") ? ":" : "://") + line;
}

}  // namespace fetchpool::cli
