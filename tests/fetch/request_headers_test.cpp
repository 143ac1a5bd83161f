#include "fetch/request_headers.h"

#include <algorithm>

#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::engine;
using Content = HeaderScope::Content;
using Lines = std::vector<std::string>;

namespace {

FetchOptions plain() {
  FetchOptions options;
  options.compressed = false;
  return options;
}

}  // namespace

TEST_CASE("a request has the headers its options ask for", "[fetch]") {
  FetchOptions options;
  options.user = "me:secret";
  options.cookie = "a=1; b=2";
  options.referer = "http://from/";
  options.headers = {{"X-One", "1"}, {"X-Empty;", ""}, {"User-Agent", ""}};
  CHECK(request_header_lines(options, {}, {}) ==
        Lines{"Accept-Encoding: gzip, deflate, br, zstd", "Authorization: Basic bWU6c2VjcmV0",
              "Cookie: a=1; b=2", "Referer: http://from/", "X-One: 1", "X-Empty;", "User-Agent:"});
  options = plain();
  options.bearer_token = "token";
  CHECK(request_header_lines(options, {}, {}) == Lines{"Authorization: Bearer token"});
}

TEST_CASE("a header takes the place of those with its name that are less special", "[fetch]") {
  FetchOptions options;
  options.user = "me:secret";
  options.headers = {{"authorization", "other"}, {"ACCEPT-ENCODING", "br"}, {"X", "common"}};
  CHECK(request_header_lines(options, {}, {}) ==
        Lines{"authorization: other", "ACCEPT-ENCODING: br", "X: common"});
  CHECK(request_header_lines(options, {{"x", "own"}, {"x", "own too"}}, {}) ==
        Lines{"authorization: other", "ACCEPT-ENCODING: br", "x: own", "x: own too"});
}

TEST_CASE("another origin gets no header that may be a secret", "[fetch]") {
  FetchOptions options = plain();
  options.user = "me:secret";
  options.cookie = "a=1";
  options.referer = "http://from/?secret";
  options.headers = {{"X-Api-Key", "secret"}, {"Accept-Language", "de"}, {"Accept", ""}};
  CHECK(request_header_lines(options, {{"X-Own", "secret"}}, {true, Content::none}) ==
        Lines{"Accept-Language: de", "Accept:"});
}

TEST_CASE("headers that describe a body go where the body goes", "[fetch]") {
  FetchOptions options = plain();
  options.headers = {{"Content-Type", "text/plain"}, {"X", "1"}};
  CHECK(request_header_lines(options, {}, {false, Content::some}) ==
        Lines{"Expect:", "Content-Type: text/plain", "X: 1"});
  CHECK(request_header_lines(options, {}, {true, Content::some}) ==
        Lines{"Expect:", "Content-Type: text/plain"});
  CHECK(request_header_lines(options, {}, {false, Content::dropped}) == Lines{"X: 1"});
  CHECK(request_header_lines(plain(), {}, {false, Content::empty}) == Lines{"Content-Type:"});
}
