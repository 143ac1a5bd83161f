// The header lines of requests.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/curl_handles.h"
#include "fetch/hop.h"
#include "fetch/url.h"
#include "fetchpool/fetch_options.h"

namespace fetchpool::engine {

// What of a request decides about its headers.
struct HeaderScope {
  bool without_secrets = false;  // another origin than the one they are meant for
  enum class Content {
    none,
    dropped,  // a redirect took the body away: the headers that describe it go, too
    empty,
    some,
  } content = Content::none;
};

// The lines as libcurl takes them ("Name: value", "Name:" without its default, "Name;" empty).
// A line of `own` comes in place of those of `options` with the same name, and these in place of
// what the other options ask for.
std::vector<std::string> request_header_lines(const FetchOptions& options,
                                              const std::vector<HeaderLine>& own,
                                              HeaderScope scope);

// Adds the header for Basic authentication (RFC 7617), unless there is one of that name.
void add_credentials(std::vector<HeaderLine>& headers, const Credentials& credentials);

// Whether a list for libcurl sends a header of this name, with a value.
bool has_header(const curl_slist* lines, std::string_view name);

// The lists that libcurl reads. Those of requests without headers of their own are made once.
class RequestHeaders {
 public:
  // `options` must outlive this object.
  explicit RequestHeaders(const FetchOptions& options) : options_(options) {}

  // Of a request. Where it has headers of its own, the list is kept in `own`.
  curl_slist* list(const HopRequest& request, CurlList& own);

 private:
  const FetchOptions& options_;
  std::array<CurlList, 8> common_;  // by scope
};

}  // namespace fetchpool::engine
