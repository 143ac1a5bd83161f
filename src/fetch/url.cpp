#include "fetch/url.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/ascii.h"
#include "fetch/host_name.h"
#include "fetch/url_text.h"

namespace fetchpool::engine {

namespace {

UrlError bad(std::string reason) {
  return {Outcome::bad_url, std::move(reason)};
}

int default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

// Function objects, which algorithms call without a call.
constexpr auto kIsControl = [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; };
constexpr auto kIsDigit = [](char c) { return is_digit(c); };

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), kIsDigit);
}

std::optional<UrlError> check_bytes(std::string_view text) {
  if (text.empty()) return bad("the URL is empty");
  if (text.size() > kMaxUrlBytes) return bad("the URL is longer than 64 KiB");
  const auto found = std::find_if(text.begin(), text.end(), kIsControl);
  if (found == text.end()) return std::nullopt;
  char reason[80];
  std::snprintf(reason, sizeof reason, "the URL has a control byte (0x%02x) at position %zu",
                static_cast<unsigned>(static_cast<unsigned char>(*found)),
                static_cast<std::size_t>(found - text.begin()) + 1);
  return bad(reason);
}

std::optional<UrlError> check_scheme(std::string_view scheme) {
  if (scheme == "http" || scheme == "https") return std::nullopt;
  return UrlError{Outcome::unsupported_scheme, "only http and https are fetched"};
}

// "localhost:8080/x" has the form of a scheme and its path, but is meant as a host and its port.
bool is_host_and_port(const UrlParts& parts) {
  const std::string_view port = parts.path.substr(0, parts.path.find('/'));
  return !parts.authority && !port.empty() && port.size() <= 5 && is_digits(port);
}

std::optional<int> port_number(std::string_view digits, int fallback) {
  if (digits.empty()) return fallback;
  if (!is_digits(digits)) return std::nullopt;
  int number = 0;
  for (const char c : digits) {
    number = number * 10 + (c - '0');
    if (number > 65535) return std::nullopt;
  }
  return number;
}

std::optional<UrlError> check_authority(const Authority& authority, UrlRules rules) {
  const std::string_view userinfo = authority.userinfo.value_or("");
  if (authority.userinfo && !rules.allow_userinfo) {
    return bad(
        "the URL has a user name before its host, which is refused without --allow-userinfo");
  }
  if (userinfo.find('@') != std::string_view::npos) return bad("the URL has two @ before its path");
  if (authority.host.empty()) return bad("the URL has no host");
  if (authority.host.find_first_of(" \t") != std::string_view::npos) {
    return bad("the host has a blank in it");
  }
  return std::nullopt;
}

std::variant<Credentials, UrlError> read_userinfo(std::string_view userinfo) {
  const std::size_t colon = std::min(userinfo.find(':'), userinfo.size());
  Credentials credentials{percent_decoded(userinfo.substr(0, colon)), {}};
  if (colon < userinfo.size()) credentials.password = percent_decoded(userinfo.substr(colon + 1));
  const auto has_control = [](const std::string& text) {
    return std::any_of(text.begin(), text.end(), kIsControl);
  };
  if (has_control(credentials.user) || has_control(credentials.password)) {
    return bad("the user name or password in the URL has a control byte");
  }
  return credentials;
}

void write_origin(Url& url, std::string_view scheme, std::string_view host) {
  url.text.append(scheme).append("://");
  url.host_begin = url.text.size();
  url.text.append(host);
  url.host_end = url.text.size();
  if (url.port != default_port(scheme)) url.text.append(":").append(std::to_string(url.port));
  url.origin_end = url.text.size();
}

// Writes what follows the origin.
std::optional<UrlError> finish(Url& url, std::string_view path, std::string_view query) {
  if (is_free_of_dot_segments(path))
    append_encoded(url.text, path);
  else
    append_encoded(url.text, without_dot_segments(path));
  if (!query.empty()) append_encoded(url.text.append("?"), query);
  if (url.text.size() > kMaxUrlBytes) return bad("the URL is longer than 64 KiB when encoded");
  return std::nullopt;
}

std::optional<UrlError> read_url(Url& url, std::string_view scheme, const UrlParts& parts,
                                 UrlRules rules) {
  if (parts.authority->find('\\') != std::string_view::npos) {
    return bad("the URL has a backslash before its path");
  }
  const Authority authority = split_authority(*parts.authority);
  if (std::optional<UrlError> error = check_authority(authority, rules)) return error;
  const std::optional<int> port = port_number(authority.port, default_port(scheme));
  if (!port) return bad("the port is not a number from 0 to 65535");
  std::variant<std::string, BadHost> host = canonical_host(authority.host);
  if (BadHost* refused = std::get_if<BadHost>(&host)) return bad(std::move(refused->reason));
  if (authority.userinfo) {
    std::variant<Credentials, UrlError> credentials = read_userinfo(*authority.userinfo);
    if (UrlError* error = std::get_if<UrlError>(&credentials)) return std::move(*error);
    url.credentials = std::get<Credentials>(std::move(credentials));
  }
  const std::string_view query = parts.query.value_or("");
  url.text.reserve(scheme.size() + authority.host.size() + parts.path.size() + query.size() + 16);
  url.port = *port;
  write_origin(url, scheme, std::get<std::string>(host));
  return finish(url, parts.path, query);
}

std::optional<UrlError> read_absolute_url(Url& url, const UrlParts& parts, UrlRules rules) {
  const std::string scheme = lower_case(*parts.scheme);
  if (std::optional<UrlError> error = check_scheme(scheme)) return error;
  if (!parts.authority) return bad("two slashes must follow \"" + scheme + ":\"");
  return read_url(url, scheme, parts, rules);
}

// RFC 3986 section 5.2.3.
std::string merged(std::string_view base_path, std::string_view path) {
  return std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(path);
}

// Where in a URL, or something meant as one, userinfo begins, and where its "@" is.
std::optional<std::pair<std::size_t, std::size_t>> find_userinfo(std::string_view url) {
  constexpr std::string_view kAnySlash = "/\\";
  const std::size_t colon = url.find(':');
  std::size_t begin = colon == std::string_view::npos ? 0 : colon + 1;
  // Before a colon without slashes stands a host or a user name, not a scheme.
  if (begin >= url.size() || kAnySlash.find(url[begin]) == std::string_view::npos) begin = 0;
  begin = std::min(url.find_first_not_of(kAnySlash, begin), url.size());

  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::string_view authority = url.substr(begin, end - begin);
  std::size_t at = authority.rfind('@');
  // A password with a slash in it ends the authority too early, but then leaves no port.
  if (at == std::string_view::npos && !is_digits(split_authority(authority).port)) {
    at = url.substr(begin).rfind('@');
  }
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(begin, begin + at);
}

}  // namespace

std::string_view origin_of(std::string_view url) {
  return url.substr(0, url.find('/', url.find("://") + 3));
}

std::variant<Url, UrlError> parse_url(std::string_view input, UrlRules rules) {
  const std::string_view text = trimmed(input);
  if (std::optional<UrlError> error = check_bytes(text)) return *std::move(error);
  const UrlParts parts = split_reference(text);
  if (!parts.scheme || is_host_and_port(parts)) {
    return bad("the URL has no scheme: begin it with http:// or https://, or use --default-scheme");
  }
  std::variant<Url, UrlError> url;
  if (auto error = read_absolute_url(std::get<Url>(url), parts, rules)) url = *std::move(error);
  return url;
}

std::variant<Url, UrlError> resolve(const Url& base, std::string_view reference) {
  const std::string_view text = trimmed(reference);
  if (text.empty()) return base;
  if (std::optional<UrlError> error = check_bytes(text)) return *std::move(error);
  const UrlParts parts = split_reference(text);
  std::variant<Url, UrlError> target;
  Url& url = std::get<Url>(target);
  std::optional<UrlError> error;
  if (parts.scheme || parts.authority) {
    error =
        parts.scheme ? read_absolute_url(url, parts, {}) : read_url(url, base.scheme(), parts, {});
    if (url.origin() == base.origin()) url.credentials = base.credentials;
  } else {
    url = base;
    url.text.resize(url.origin_end);
    const UrlParts before = split_reference(base.text);
    if (parts.path.empty())
      error = finish(url, before.path, parts.query ? *parts.query : before.query.value_or(""));
    else if (parts.path.starts_with('/'))
      error = finish(url, parts.path, parts.query.value_or(""));
    else
      error = finish(url, merged(before.path, parts.path), parts.query.value_or(""));
  }
  if (error) target = *std::move(error);
  return target;
}

std::string without_secrets(std::string_view url) {
  const auto userinfo = find_userinfo(url);
  if (!userinfo) return std::string(url);
  return std::string(url.substr(0, userinfo->first))
      .append("***")
      .append(url.substr(userinfo->second));
}

bool has_userinfo(std::string_view url) {
  return find_userinfo(url).has_value();
}

}  // namespace fetchpool::engine
