// What follows from a response that may be a redirect.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "fetch/url.h"
#include "fetchpool/outcome.h"

namespace fetchpool::engine {

// A longer Location is refused.
inline constexpr std::size_t kMaxLocationBytes = std::size_t{8} << 10;

// One request of a chain of redirects.
struct ChainHop {
  std::string_view method;
  std::string_view url;  // Url::text
};

struct RedirectInput {
  int response_code = 0;
  std::string_view method;
  const Url& current;
  std::span<const std::string_view> locations;  // the values of all Location headers
  // The requests that led here, the first one first, without the current one.
  std::span<const ChainHop> chain;
  int max_redirects = 0;  // hops followed in one chain; 0: a redirect is the final response
  bool allow_downgrade = false;
};

// The response is the last one, whatever its status.
struct FinalResponse {};

// Another request is to be made. Where `method` is another one than before, the body and the
// headers that describe it are dropped (RFC 9110 section 15.4).
struct FollowRedirect {
  Url url;
  std::string method;
  bool crosses_origin = false;  // secrets of the request stay behind
};

// The chain ends here: redirect_denied or too_many_redirects.
struct RefusedRedirect {
  Outcome outcome;
  std::string reason;
};

using RedirectDecision = std::variant<FinalResponse, FollowRedirect, RefusedRedirect>;

// 301, 302, 303, 307 and 308 with a Location are redirects; any other response is final, and so is
// one whose Location is missing or empty. POST becomes GET on 301 and 302, anything but HEAD does
// on 303 (RFC 9110 sections 15.4.2 to 15.4.9). A request that was made before in this chain is a
// loop: it would be answered the same way again.
RedirectDecision decide_redirect(const RedirectInput& input);

}  // namespace fetchpool::engine
