#include "fetch/redirect.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "fetch/url_text.h"

namespace fetchpool::engine {

namespace {

bool is_redirect(int response_code) {
  return (response_code >= 301 && response_code <= 303) || response_code == 307 ||
         response_code == 308;
}

std::string_view next_method(int response_code, std::string_view method) {
  const bool post_moved = (response_code == 301 || response_code == 302) && method == "POST";
  const bool see_other = response_code == 303 && method != "HEAD";
  return post_moved || see_other ? "GET" : method;
}

RefusedRedirect denied(std::string reason) {
  return {Outcome::redirect_denied, std::move(reason)};
}

bool differ(std::span<const std::string_view> locations) {
  return std::any_of(locations.begin(), locations.end(), [&](std::string_view location) {
    return trimmed(location) != trimmed(locations.front());
  });
}

// Why the target is not followed although it is a URL.
std::optional<RefusedRedirect> objection(const RedirectInput& input, const FollowRedirect& next) {
  if (input.current.is_https() && !next.url.is_https() && !input.allow_downgrade) {
    return denied("the redirect leads from https to http, which --allow-downgrade allows");
  }
  const auto is_next = [&next](const ChainHop& hop) {
    return hop.url == next.url.text && hop.method == next.method;
  };
  if (is_next({input.method, input.current.text}) ||
      std::any_of(input.chain.begin(), input.chain.end(), is_next)) {
    return RefusedRedirect{Outcome::too_many_redirects, "the redirects go round in a circle"};
  }
  if (input.chain.size() >= static_cast<std::size_t>(input.max_redirects)) {
    return RefusedRedirect{Outcome::too_many_redirects,
                           "more than " + std::to_string(input.max_redirects) + " redirects"};
  }
  return std::nullopt;
}

}  // namespace

RedirectDecision decide_redirect(const RedirectInput& input) {
  if (!is_redirect(input.response_code) || input.max_redirects <= 0 || input.locations.empty()) {
    return FinalResponse{};
  }
  if (differ(input.locations)) return denied("several Location headers that differ");
  const std::string_view location = trimmed(input.locations.front());
  if (location.empty()) return FinalResponse{};
  if (location.size() > kMaxLocationBytes) return denied("the Location is longer than 8 KiB");

  std::variant<Url, UrlError> target = resolve(input.current, location);
  if (const UrlError* error = std::get_if<UrlError>(&target)) {
    return denied("the Location cannot be followed: " + error->reason);
  }
  FollowRedirect next{std::get<Url>(std::move(target)),
                      std::string(next_method(input.response_code, input.method)), false};
  if (std::optional<RefusedRedirect> refused = objection(input, next)) return *std::move(refused);
  next.crosses_origin = next.url.origin() != input.current.origin();
  return next;
}

}  // namespace fetchpool::engine
