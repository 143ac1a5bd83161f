#include "fetch/host_name.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <locale.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/ascii.h"
#include "fetch/curl_handles.h"
#include "fetch/url_text.h"

namespace fetchpool::engine {

namespace {

// libidn2 reads names in the character set of the locale. Only this thread's locale changes, and
// only while one of these exists.
class Utf8Locale {
 public:
  Utf8Locale() : before_(utf8() ? uselocale(utf8()) : nullptr) {}
  ~Utf8Locale() {
    if (before_) uselocale(before_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

  bool in_use() const { return before_ != nullptr; }

 private:
  // Never freed: threads may still use it while the process ends.
  static locale_t utf8() {
    static const locale_t kLocale = [] {
      for (const char* name : {"C.UTF-8", "C.utf8", "en_US.UTF-8"}) {
        if (locale_t found = newlocale(LC_CTYPE_MASK, name, nullptr)) return found;
      }
      return locale_t{};
    }();
    return kLocale;
  }

  locale_t before_;
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 128; });
}

// Whether a part of the name would be taken for something else than the name.
bool has_delimiter(std::string_view name) {
  return name.find_first_of(std::string_view("\0 \t\r\n/\\?#@:[]%", 14)) != std::string_view::npos;
}

// Such names libcurl leaves as they are: numeric addresses begin with a digit.
bool is_plain_name(std::string_view host) {
  return is_name(host) && host.front() >= 'a' && host.front() <= 'z';
}

// Nor does it change addresses that are four decimal numbers already.
bool is_plain_address(std::string_view host) {
  char text[INET_ADDRSTRLEN] = {};
  in_addr binary{};
  if (host.size() >= sizeof text || host.find('\0') != std::string_view::npos) return false;
  std::copy(host.begin(), host.end(), text);
  return inet_pton(AF_INET, text, &binary) == 1;
}

std::optional<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, which, &text, flags);
  // A name that is no valid IDN is handed over although the call failed.
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  if (code != CURLUE_OK || !text) return std::nullopt;
  return std::string(text);
}

CurlUrl parsed(std::string_view host) {
  CurlUrl url(curl_url());
  const std::string text = "http://" + std::string(host) + "/";
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return nullptr;
  return url;
}

std::variant<std::string, BadHost> canonical_ipv6(CURLU* url, const std::string& bracketed) {
  const std::string address = bracketed.substr(1, bracketed.size() - 2);
  in6_addr binary{};
  char text[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, address.c_str(), &binary) != 1 ||
      !inet_ntop(AF_INET6, &binary, text, sizeof text)) {
    return BadHost{"what stands in brackets is no IPv6 address"};
  }
  const std::optional<std::string> zone = part(url, CURLUPART_ZONEID);
  if (!zone) return "[" + std::string(text) + "]";
  if (!is_name(lower_case(*zone))) return BadHost{"the zone of the IPv6 address is not a name"};
  return "[" + std::string(text) + "%25" + *zone + "]";
}

// What libidn2 makes of a name can have characters in it that no host has ("a/b" of the one
// character U+2100), or be an address.
std::variant<std::string, BadHost> canonical_idn(CURLU* url) {
  std::optional<std::string> ascii;
  {
    const Utf8Locale locale;
    if (!locale.in_use()) {
      return BadHost{"the host name is not ASCII, and this system has no UTF-8 locale to read it"};
    }
    ascii = part(url, CURLUPART_HOST, CURLU_PUNYCODE);
  }
  if (ascii) ascii = lower_case(*ascii);
  const CurlUrl again = ascii && is_name(*ascii) ? parsed(*ascii) : nullptr;
  const std::optional<std::string> host = again ? part(again.get(), CURLUPART_HOST) : std::nullopt;
  if (!host || host->front() == '.') return BadHost{"the host is not a valid international name"};
  in_addr binary{};
  if (inet_pton(AF_INET, host->c_str(), &binary) == 1) {
    return BadHost{"the host is an address in disguise"};
  }
  return lower_case(*host);
}

}  // namespace

std::variant<std::string, BadHost> canonical_host(std::string_view host) {
  if (is_plain_name(host) || is_plain_address(host)) return std::string(host);
  const bool bracketed = host.starts_with('[');
  // Decoded before libcurl does it, which then would not see an address in "%30.1" any more.
  // And in lower case: newer versions take "0X7F.1" for a name, of which the system's resolver then
  // makes an address.
  const std::string decoded = bracketed ? std::string(host) : lower_case(percent_decoded(host));
  const bool splits = !bracketed && has_delimiter(decoded);
  const CurlUrl url = splits ? nullptr : parsed(decoded);
  const std::optional<std::string> seen = url ? part(url.get(), CURLUPART_HOST) : std::nullopt;
  if (!seen || seen->empty()) {
    return BadHost{bracketed ? "what stands in brackets is no IPv6 address"
                             : "the host has characters that no host name has"};
  }
  if (bracketed) return canonical_ipv6(url.get(), *seen);
  if (!is_ascii(*seen)) return canonical_idn(url.get());
  std::string lower = lower_case(*seen);
  if (!is_name(lower)) return BadHost{"the host has characters that no host name has"};
  return lower;
}

}  // namespace fetchpool::engine
