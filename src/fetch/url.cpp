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

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 32 || c == 127;
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

std::optional<UrlError> check_bytes(std::string_view text) {
  if (text.empty()) return bad("the URL is empty");
  if (text.size() > kMaxUrlBytes) return bad("the URL is longer than 64 KiB");
  const auto found = std::find_if(text.begin(), text.end(), is_control);
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
    return std::any_of(text.begin(), text.end(), is_control);
  };
  if (has_control(credentials.user) || has_control(credentials.password)) {
    return bad("the user name or password in the URL has a control byte");
  }
  return credentials;
}

// Writes `text`; the other fields are there.
std::variant<Url, UrlError> finish(Url url, std::string_view path, std::string_view query) {
  url.text.reserve(url.scheme.size() + url.host.size() + path.size() + query.size() + 16);
  url.text.append(url.scheme).append("://").append(url.host);
  if (url.port != default_port(url.scheme)) url.text.append(":").append(std::to_string(url.port));
  append_encoded(url.text, without_dot_segments(path));
  if (!query.empty()) append_encoded(url.text.append("?"), query);
  if (url.text.size() > kMaxUrlBytes) return bad("the URL is longer than 64 KiB when encoded");
  return url;
}

std::variant<Url, UrlError> make_url(std::string scheme, const UrlParts& parts, UrlRules rules) {
  if (parts.authority->find('\\') != std::string_view::npos) {
    return bad("the URL has a backslash before its path");
  }
  const Authority authority = split_authority(*parts.authority);
  if (std::optional<UrlError> error = check_authority(authority, rules)) return *std::move(error);
  const std::optional<int> port = port_number(authority.port, default_port(scheme));
  if (!port) return bad("the port is not a number from 0 to 65535");

  Url url;
  url.scheme = std::move(scheme);
  url.port = *port;
  std::variant<std::string, BadHost> host = canonical_host(authority.host);
  if (BadHost* refused = std::get_if<BadHost>(&host)) return bad(std::move(refused->reason));
  url.host = std::get<std::string>(std::move(host));
  if (authority.userinfo) {
    std::variant<Credentials, UrlError> credentials = read_userinfo(*authority.userinfo);
    if (UrlError* error = std::get_if<UrlError>(&credentials)) return std::move(*error);
    url.credentials = std::get<Credentials>(std::move(credentials));
  }
  return finish(std::move(url), parts.path, parts.query.value_or(""));
}

std::variant<Url, UrlError> absolute_url(const UrlParts& parts, UrlRules rules) {
  std::string scheme = lower_case(*parts.scheme);
  if (std::optional<UrlError> error = check_scheme(scheme)) return *std::move(error);
  if (!parts.authority) return bad("two slashes must follow \"" + scheme + ":\"");
  return make_url(std::move(scheme), parts, rules);
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

std::string Url::origin() const {
  std::string key;
  key.reserve(scheme.size() + host.size() + 9);
  return key.append(scheme).append("://").append(host).append(":").append(std::to_string(port));
}

std::variant<Url, UrlError> parse_url(std::string_view input, UrlRules rules) {
  const std::string_view text = trimmed(input);
  if (std::optional<UrlError> error = check_bytes(text)) return *std::move(error);
  const UrlParts parts = split_reference(text);
  if (!parts.scheme || is_host_and_port(parts)) {
    return bad("the URL has no scheme: begin it with http:// or https://, or use --default-scheme");
  }
  return absolute_url(parts, rules);
}

std::variant<Url, UrlError> resolve(const Url& base, std::string_view reference) {
  const std::string_view text = trimmed(reference);
  if (text.empty()) return base;
  if (std::optional<UrlError> error = check_bytes(text)) return *std::move(error);
  const UrlParts parts = split_reference(text);
  if (parts.scheme || parts.authority) {
    std::variant<Url, UrlError> target =
        parts.scheme ? absolute_url(parts, {}) : make_url(base.scheme, parts, {});
    Url* url = std::get_if<Url>(&target);
    if (url && url->origin() == base.origin()) url->credentials = base.credentials;
    return target;
  }
  Url url = base;
  url.text.clear();
  const UrlParts before = split_reference(base.text);
  if (parts.path.empty()) {
    return finish(std::move(url), before.path,
                  parts.query ? *parts.query : before.query.value_or(""));
  }
  if (parts.path.starts_with('/')) {
    return finish(std::move(url), parts.path, parts.query.value_or(""));
  }
  return finish(std::move(url), merged(before.path, parts.path), parts.query.value_or(""));
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
