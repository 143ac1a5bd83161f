#include "fetch/request_headers.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "base/byte_buffer.h"
#include "fetch/base64.h"
#include "fetch/request_rules.h"

namespace fetchpool::engine {
namespace {

constexpr const char* kAuthorization = "Authorization";

// "Name;" names the same header as "Name".
bool same_name(std::string_view a, std::string_view b) {
  if (a.ends_with(';')) a.remove_suffix(1);
  if (b.ends_with(';')) b.remove_suffix(1);
  return equal_ignoring_case(a, b);
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view other) { return same_name(name, other); });
}

bool describes_content(std::string_view name) {
  constexpr std::string_view kNames[] = {"content-type",     "content-length",   "content-encoding",
                                         "content-language", "content-location", "digest",
                                         "content-digest"};
  return is_one_of(name, kNames);
}

// Any other header of the user may be a secret, whatever its name. What describes the body goes
// where the body goes.
bool is_harmless(const HeaderLine& header) {
  constexpr std::string_view kNames[] = {"accept",          "accept-charset", "accept-encoding",
                                         "accept-language", "cache-control",  "pragma",
                                         "user-agent"};
  return header.second.empty() || is_one_of(header.first, kNames) ||
         describes_content(header.first);
}

bool has(const std::vector<HeaderLine>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const HeaderLine& header) { return same_name(header.first, name); });
}

std::string basic_credentials(const std::string& user) {
  ByteBuffer buffer;
  body::append_base64(buffer, user);
  return "Basic " + std::string(buffer.view());
}

// What options other than `headers` ask for.
std::vector<HeaderLine> default_headers(const FetchOptions& options, HeaderScope::Content content) {
  std::vector<HeaderLine> headers;
  if (options.compressed) headers.emplace_back("Accept-Encoding", "gzip, deflate, br, zstd");
  if (!options.user.empty()) headers.emplace_back(kAuthorization, basic_credentials(options.user));
  if (!options.bearer_token.empty())
    headers.emplace_back(kAuthorization, "Bearer " + options.bearer_token);
  if (!options.cookie.empty()) headers.emplace_back("Cookie", options.cookie);
  if (!options.referer.empty()) headers.emplace_back("Referer", options.referer);
  // libcurl would wait a second for a leave that many servers never give.
  if (content == HeaderScope::Content::some) headers.emplace_back("Expect", "");
  if (content == HeaderScope::Content::empty) headers.emplace_back("Content-Type", "");
  return headers;
}

std::string line_of(const HeaderLine& header) {
  const auto& [name, value] = header;
  if (value.empty()) return name.ends_with(';') ? name : name + ":";
  return name + ": " + value;
}

HeaderScope scope_of(const HopRequest& request, const FetchOptions& options) {
  using Content = HeaderScope::Content;
  HeaderScope scope{request.without_secrets, Content::none};
  switch (request.content) {
    case HopRequest::Content::none:
      scope.content = wants_content(request.method) ? Content::empty : Content::none;
      break;
    case HopRequest::Content::dropped:
      scope.content = Content::dropped;
      break;
    case HopRequest::Content::common:
      scope.content = options.data->empty() ? Content::empty : Content::some;
      break;
    case HopRequest::Content::own:
      scope.content = request.body.empty() ? Content::empty : Content::some;
      break;
  }
  return scope;
}

}  // namespace

std::vector<std::string> request_header_lines(const FetchOptions& options,
                                              const std::vector<HeaderLine>& own,
                                              HeaderScope scope) {
  std::vector<std::string> lines;
  auto add = [&](const HeaderLine& header) {
    if (scope.without_secrets && !is_harmless(header)) return;
    if (scope.content == HeaderScope::Content::dropped && describes_content(header.first)) return;
    lines.push_back(line_of(header));
  };
  for (const HeaderLine& header : default_headers(options, scope.content))
    if (!has(options.headers, header.first) && !has(own, header.first)) add(header);
  for (const HeaderLine& header : options.headers)
    if (!has(own, header.first)) add(header);
  for (const HeaderLine& header : own) add(header);
  return lines;
}

void add_credentials(std::vector<HeaderLine>& headers, const Credentials& credentials) {
  if (has(headers, kAuthorization)) return;
  headers.emplace_back(kAuthorization,
                       basic_credentials(credentials.user + ":" + credentials.password));
}

bool has_header(const curl_slist* lines, std::string_view name) {
  for (; lines; lines = lines->next) {
    std::string_view line = lines->data;
    bool has_value = line.size() > name.size() + 1 && line[name.size()] == ':';
    if (has_value && starts_with_ignoring_case(line, name)) return true;
  }
  return false;
}

curl_slist* RequestHeaders::list(const HopRequest& request, CurlList& own) {
  HeaderScope scope = scope_of(request, options_);
  if (!request.headers.empty()) {
    own = make_curl_list(request_header_lines(options_, request.headers, scope));
    return own.get();
  }
  auto at = static_cast<std::size_t>(scope.content) * 2 + (scope.without_secrets ? 1 : 0);
  CurlList& common = common_[at];
  if (!common) common = make_curl_list(request_header_lines(options_, {}, scope));
  return common.get();
}

}  // namespace fetchpool::engine
