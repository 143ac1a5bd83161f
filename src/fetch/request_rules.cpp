#include "fetch/request_rules.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "fetchpool/error.h"

namespace fetchpool::engine {
namespace {

using namespace std::string_view_literals;

void require(bool condition, const char* message) {
  if (!condition) throw Error(message);
}

bool is_one_line(std::string_view text) {
  return text.find_first_of("\r\n\0"sv) == std::string_view::npos;
}

constexpr const char* kBadHeader =
    "the name of a header must be a word, as Accept is, and its value must have no line breaks";

// CONNECT asks for a tunnel, which is no answer.
bool is_method(std::string_view method) {
  return method.empty() || (method.size() <= 64 && is_token(method) && method != "CONNECT");
}

bool are_headers(const std::vector<HeaderLine>& headers) {
  return std::all_of(headers.begin(), headers.end(), [](const HeaderLine& header) {
    std::string_view name = header.first;
    // How a header without a value is written.
    if (header.second.empty() && name.ends_with(';')) name.remove_suffix(1);
    return is_token(name) && is_one_line(header.second);
  });
}

std::size_t size_of(const FetchRequest& request) {
  std::size_t size = request.body ? request.body->size() : 0;
  for (const auto& [name, value] : request.headers) size += name.size() + value.size() + 8;
  return size;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

// A number, not a name: libcurl would refuse every transfer for such an entry.
bool is_address(std::string_view text) {
  bool in_brackets = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
  std::string address(in_brackets ? text.substr(1, text.size() - 2) : text);
  in6_addr bytes{};
  return inet_pton(AF_INET6, address.c_str(), &bytes) == 1 ||
         (!in_brackets && inet_pton(AF_INET, address.c_str(), &bytes) == 1);
}

bool are_addresses(std::string_view list) {
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = list.find(',');
    if (!is_address(list.substr(0, comma))) return false;
    list.remove_prefix(std::min(comma, list.size() - 1) + 1);
  }
  return true;
}

// The end of a host: of one in brackets, its colons do not count.
std::size_t host_end(std::string_view text) {
  std::size_t from = text.starts_with('[') ? text.find(']') : 0;
  return from == std::string_view::npos ? from : text.find(':', from);
}

bool is_resolve_entry(std::string_view text) {
  // libcurl takes "-HOST:PORT" for an entry to be forgotten, and what "+" marks is forgotten soon.
  if (text.starts_with('-') || text.starts_with('+')) return false;
  std::size_t end = host_end(text);
  if (end == 0 || end == std::string_view::npos || !is_one_line(text)) return false;
  std::string_view rest = text.substr(end + 1);
  std::size_t colon = rest.find(':');
  return colon != std::string_view::npos && is_port(rest.substr(0, colon)) &&
         are_addresses(rest.substr(colon + 1));
}

bool is_connect_to_entry(std::string_view text) {
  if (!is_one_line(text)) return false;
  for (int part = 0; part < 3; ++part) {
    std::size_t end = part % 2 == 0 ? host_end(text) : text.find(':');
    if (end == std::string_view::npos) return false;
    std::string_view port = text.substr(0, end);
    if (part == 1 && !port.empty() && !is_port(port)) return false;
    text.remove_prefix(end + 1);
  }
  return text.empty() || is_port(text);
}

// As libcurl reads it when it is used. What that cannot read it quotes, password and all.
bool is_readable_proxy(std::string_view text) {
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  constexpr unsigned kFlags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
  return url && curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), kFlags) == 0;
}

bool is_proxy(std::string_view text) {
  constexpr std::array kSchemes{"http"sv,    "https"sv,  "socks4"sv,
                                "socks4a"sv, "socks5"sv, "socks5h"sv};
  if (text.empty()) return true;
  if (!is_one_line(text) || text.find(' ') != std::string_view::npos) return false;
  if (!is_readable_proxy(text)) return false;
  if (std::size_t at = text.find("://"); at != std::string_view::npos) {
    if (std::find(kSchemes.begin(), kSchemes.end(), text.substr(0, at)) == kSchemes.end())
      return false;
    text.remove_prefix(at + 3);
  }
  if (std::size_t at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
  text = text.substr(0, text.find('/'));
  std::size_t end = std::min(host_end(text), text.size());
  return end > 0 && (end == text.size() || is_port(text.substr(end + 1)));
}

}  // namespace

bool is_token(std::string_view text) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || kPunctuation.find(c) != std::string_view::npos;
  });
}

void check_request_options(const FetchOptions& options) {
  require(is_method(options.method), "the method must be a word, as GET is, and not CONNECT");
  require(!(options.method == "HEAD" && options.data), "a HEAD request has no body");
  require(are_headers(options.headers), kBadHeader);
  require(options.user.empty() || options.bearer_token.empty(),
          "a user name with password and a bearer token exclude each other");
  for (const std::string* value :
       {&options.user, &options.bearer_token, &options.cookie, &options.referer,
        &options.proxy_user, &options.no_proxy, &options.user_agent, &options.interface})
    require(is_one_line(*value),
            "user names, tokens, cookies, referers and names must have no line breaks");
  require(std::all_of(options.resolve.begin(), options.resolve.end(), is_resolve_entry),
          "an entry of resolve must look like HOST:PORT:ADDRESS, with a number as its address");
  require(std::all_of(options.connect_to.begin(), options.connect_to.end(), is_connect_to_entry),
          "an entry of connect_to must look like HOST:PORT:OTHER_HOST:OTHER_PORT");
  require(is_proxy(options.proxy),
          "the proxy must look like http://host:port, with http, https, socks4, socks4a, socks5 or "
          "socks5h; in a password, @ / ? and # are written as %40 %2F %3F and %23");
  require(options.proxy.empty() || !options.proxy_environment,
          "a proxy and the proxies of the environment exclude each other");
  require(!options.public_only || (options.proxy.empty() && !options.proxy_environment),
          "behind a proxy nobody here sees which addresses are used: public_only excludes it");
  require(options.key_file.empty() || !options.certificate_file.empty(),
          "a key without a certificate is of no use");
}

std::string problem_of(const FetchRequest& request, const FetchOptions& options) {
  if (!is_method(request.method)) return "the method must be a word, as GET is, and not CONNECT";
  if (!are_headers(request.headers)) return kBadHeader;
  if (method_of(request, options) == "HEAD" && (request.body || options.data))
    return "a HEAD request has no body";
  if (size_of(request) > kLargestRequest) return "the body and the headers are larger than 16 MiB";
  if (request.max_time && request.max_time->count() < 0) return "max_time must not be negative";
  return {};
}

bool wants_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

std::string method_of(const FetchOptions& options) {
  if (!options.method.empty()) return options.method;
  return options.data ? "POST" : "GET";
}

std::string method_of(const FetchRequest& request, const FetchOptions& options) {
  if (!request.method.empty()) return request.method;
  if (options.method.empty() && request.body) return "POST";
  return method_of(options);
}

}  // namespace fetchpool::engine
