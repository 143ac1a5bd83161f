// URLs as they are requested: checked, and written in one way only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "fetchpool/outcome.h"

namespace fetchpool::engine {

// Longer URLs are refused, before and after encoding.
inline constexpr std::size_t kMaxUrlBytes = std::size_t{64} << 10;

// User name and password from a URL, percent-decoded. Never part of a message or a record.
struct Credentials {
  std::string user;
  std::string password;
  bool operator==(const Credentials&) const = default;
};

// An http or https URL. Two inputs that mean the same request give the same Url.
struct Url {
  // What is requested: scheme://host[:port]/path[?query], printable ASCII without blanks. No
  // fragment, no userinfo, no default port, no dot segments (RFC 3986 section 5.2.4), no empty
  // query. Parses to itself.
  std::string text;
  int port = 0;  // also where it is the default one; 0 is possible, nobody can connect to it
  std::optional<Credentials> credentials;

  // Parts of the text, there as long as it is.

  std::string_view scheme() const { return part(0, host_begin - 3); }  // "http" or "https"
  // Lower case; names in their ASCII form (IDNA), IPv4 addresses as four decimal numbers, IPv6
  // addresses in brackets and as short as RFC 5952 writes them, a zone as in "[fe80::1%25eth0]".
  // A dot at the end stays: "example.com." is resolved without search domains, so it is another
  // host than "example.com".
  std::string_view host() const { return part(host_begin, host_end); }
  // scheme://host[:port] without a default port: the key of hosts and the scope of secrets
  // (RFC 6454 sections 4 and 6.2).
  std::string_view origin() const { return part(0, origin_end); }
  bool is_https() const { return text.starts_with("https:"); }
  bool operator==(const Url&) const = default;

  std::size_t host_begin = 0;
  std::size_t host_end = 0;
  std::size_t origin_end = 0;

 private:
  std::string_view part(std::size_t begin, std::size_t end) const {
    return std::string_view(text).substr(begin, end - begin);
  }
};

// The origin of a text as Url has it.
std::string_view origin_of(std::string_view url);

// Why something is no URL that can be requested.
struct UrlError {
  Outcome outcome;     // bad_url or unsupported_scheme
  std::string reason;  // a sentence that quotes nothing of a URL's userinfo
};

struct UrlRules {
  bool allow_userinfo = false;
};

// Reads an absolute URL. Blanks and tabs around it do not count. In path and query, blanks, bytes
// beyond ASCII (valid UTF-8 or not) and backslashes are percent-encoded; all other printable
// characters are sent as they stand. Refused are: control bytes, a host that is empty or has
// characters that no host has (also after percent-decoding or IDNA), a backslash in the authority,
// userinfo unless allowed, a port beyond 65535, anything but exactly two slashes before the host.
//
// Thread-safe; needs no initialisation of libcurl and no locale of the process.
std::variant<Url, UrlError> parse_url(std::string_view input, UrlRules rules = {});

// Reads a reference as found in a Location header or a page at `base` (RFC 3986 section 5.2). The
// credentials of `base` stay only where the origin does. Userinfo in the reference is refused.
std::variant<Url, UrlError> resolve(const Url& base, std::string_view reference);

// The URL for a message: "***" in place of what is userinfo, or may be meant as such in something
// that does not parse. Other bytes are left as they are.
std::string without_secrets(std::string_view url);
// Whether without_secrets() has something to leave out, or left it out before.
bool has_userinfo(std::string_view url);

}  // namespace fetchpool::engine
