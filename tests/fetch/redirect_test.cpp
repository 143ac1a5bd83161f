#include "fetch/redirect.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace fetchpool::engine {

namespace {

Url url(std::string_view text) {
  const std::variant<Url, UrlError> parsed = parse_url(text, {.allow_userinfo = true});
  REQUIRE(std::holds_alternative<Url>(parsed));
  return std::get<Url>(parsed);
}

// One response to decide about; what a test does not set is an ordinary redirect.
struct Response {
  int code = 302;
  std::string method = "GET";
  std::string at = "http://h/start";
  std::vector<std::string_view> locations{"/next"};
  std::vector<ChainHop> chain{};
  int max_redirects = 20;
  bool allow_downgrade = false;
};

RedirectDecision decide(const Response& response) {
  const Url current = url(response.at);
  return decide_redirect({response.code, response.method, current, response.locations,
                          response.chain, response.max_redirects, response.allow_downgrade});
}

// "final", "GET http://...", or the outcome and its reason.
std::string told(const RedirectDecision& decision) {
  if (std::holds_alternative<FinalResponse>(decision)) return "final";
  if (const auto* next = std::get_if<FollowRedirect>(&decision)) {
    return next->method + " " + next->url.text;
  }
  const auto& refused = std::get<RefusedRedirect>(decision);
  return std::string(name(refused.outcome)) + ": " + refused.reason;
}

}  // namespace

TEST_CASE("only five statuses are redirects", "[redirect]") {
  for (const int code : {301, 302, 303, 307, 308}) {
    CHECK(told(decide({.code = code})) == "GET http://h/next");
  }
  for (const int code : {200, 201, 300, 304, 305, 306, 309, 399, 404, 503}) {
    CHECK(told(decide({.code = code})) == "final");
  }
}

TEST_CASE("a redirect without Location is the final response", "[redirect]") {
  CHECK(told(decide({.locations = {}})) == "final");
  CHECK(told(decide({.locations = {""}})) == "final");
  CHECK(told(decide({.locations = {" \t"}})) == "final");
  CHECK(told(decide({.max_redirects = 0})) == "final");
  CHECK(told(decide({.locations = {"file:///x"}, .max_redirects = 0})) == "final");
}

TEST_CASE("the method of the next request follows from status and method", "[redirect]") {
  struct Row {
    int code;
    const char* before;
    const char* after;
  };
  const Row rows[] = {
      {301, "GET", "GET"},   {301, "POST", "GET"},  {301, "PUT", "PUT"},
      {301, "HEAD", "HEAD"}, {302, "POST", "GET"},  {302, "DELETE", "DELETE"},
      {303, "POST", "GET"},  {303, "PUT", "GET"},   {303, "HEAD", "HEAD"},
      {307, "POST", "POST"}, {308, "POST", "POST"}, {308, "HEAD", "HEAD"},
      {307, "GET", "GET"},
  };
  for (const Row& row : rows) {
    INFO(row.code << " " << row.before);
    const RedirectDecision decision = decide({.code = row.code, .method = row.before});
    REQUIRE(std::holds_alternative<FollowRedirect>(decision));
    CHECK(std::get<FollowRedirect>(decision).method == row.after);
  }
}

TEST_CASE("Locations are resolved and encoded", "[redirect]") {
  struct Row {
    const char* location;
    const char* followed;
  };
  const Row rows[] = {
      {"other", "GET http://h/dir/other"},  {"/a b", "GET http://h/a%20b"},
      {"/\xc3\xbc", "GET http://h/%C3%BC"}, {"?q", "GET http://h/dir/page?q"},
      {"//H2:80/x#f", "GET http://h2/x"},   {"HTTPS://h/", "GET https://h/"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.location) {
      CHECK(told(decide({.at = "http://h/dir/page", .locations = {row.location}})) == row.followed);
    }
  }
}

TEST_CASE("Locations that lead nowhere are refused", "[redirect]") {
  for (const char* location :
       {"file:///etc/passwd", "data:text/html,x", "javascript:alert(1)", "ftp://h/", "gopher://h/",
        "http://h:99999/", "/a\x01", "http:///h", "http://u:p@h/", "//h\\@x/", "http://a b/"}) {
    DYNAMIC_SECTION(location) {
      CHECK_THAT(told(decide({.locations = {location}})), ContainsSubstring("redirect_denied: "));
    }
  }
}

TEST_CASE("a Location longer than 8 KiB is refused", "[redirect]") {
  const std::string longest = "/" + std::string(kMaxLocationBytes - 1, 'a');
  CHECK(told(decide({.locations = {longest}})) == "GET http://h" + longest);
  CHECK_THAT(told(decide({.locations = {longest + "a"}})), ContainsSubstring("redirect_denied"));
}

TEST_CASE("several Locations must say the same", "[redirect]") {
  CHECK(told(decide({.locations = {"/a", "/a "}})) == "GET http://h/a");
  CHECK_THAT(told(decide({.locations = {"/a", "file:///etc/passwd"}})),
             ContainsSubstring("redirect_denied"));
  CHECK_THAT(told(decide({.locations = {"", "/a"}})), ContainsSubstring("redirect_denied"));
}

TEST_CASE("a redirect from https to http is followed only where allowed", "[redirect]") {
  CHECK_THAT(told(decide({.at = "https://h/", .locations = {"http://h/"}})),
             ContainsSubstring("redirect_denied: the redirect leads from https to http"));
  CHECK(told(decide({.at = "https://h/", .locations = {"http://h/"}, .allow_downgrade = true})) ==
        "GET http://h/");
  CHECK(told(decide({.at = "https://h/", .locations = {"//h2/"}})) == "GET https://h2/");
}

TEST_CASE("a request made before in the chain is a loop", "[redirect]") {
  CHECK_THAT(told(decide({.locations = {"/start#again"}})),
             ContainsSubstring("too_many_redirects"));
  CHECK_THAT(told(decide({.chain = {{"GET", "http://h/next"}, {"GET", "http://h/b"}}})),
             ContainsSubstring("too_many_redirects: the redirects go round in a circle"));
  CHECK(told(decide({.chain = {{"POST", "http://h/next"}}})) == "GET http://h/next");
  CHECK(told(decide({.method = "POST", .locations = {"/start"}})) == "GET http://h/start");
}

TEST_CASE("a chain has at most as many redirects as allowed", "[redirect]") {
  const std::vector<ChainHop> one{{"GET", "http://h/1"}};
  CHECK(told(decide({.chain = one, .max_redirects = 2})) == "GET http://h/next");
  CHECK(told(decide({.chain = one, .max_redirects = 1})) ==
        "too_many_redirects: more than 1 redirects");
}

TEST_CASE("another scheme, host or port is another origin", "[redirect]") {
  const auto crosses = [](std::string_view at, std::string_view location) {
    const RedirectDecision decision = decide({.at = std::string(at), .locations = {location}});
    REQUIRE(std::holds_alternative<FollowRedirect>(decision));
    return std::get<FollowRedirect>(decision).crosses_origin;
  };
  CHECK_FALSE(crosses("http://h/", "/x"));
  CHECK_FALSE(crosses("http://h/", "http://H:80/x"));
  CHECK(crosses("http://h/", "http://h:81/x"));
  CHECK(crosses("http://h/", "https://h/x"));
  CHECK(crosses("http://h/", "http://h2/x"));
  CHECK(crosses("http://h/", "http://sub.h/x"));
}

TEST_CASE("credentials of the URL do not follow to another origin", "[redirect]") {
  const auto followed = [](std::string_view location) {
    return std::get<FollowRedirect>(decide({.at = "http://u:p@h/", .locations = {location}})).url;
  };
  CHECK(followed("/x").credentials);
  CHECK_FALSE(followed("http://h:81/x").credentials);
}

}  // namespace fetchpool::engine
