#include "fetch/request_rules.h"

#include "fetchpool/error.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::engine;

namespace {

std::string complaint(const FetchOptions& options) {
  try {
    check_request_options(options);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

template <typename T>
std::string complaint(T FetchOptions::*field, T value) {
  FetchOptions options;
  options.*field = std::move(value);
  return complaint(options);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("options that make sense are accepted", "[fetch]") {
  CHECK(complaint(FetchOptions{}).empty());
  for (const char* method : {"GET", "HEAD", "PROPFIND", "x-own"})
    CHECK(complaint(&FetchOptions::method, std::string(method)).empty());
  for (const char* proxy : {"http://proxy:3128", "proxy", "proxy:80", "socks5h://u:p@[::1]:1080",
                            "https://proxy/", "http://127.0.0.1:1/"})
    CHECK(complaint(&FetchOptions::proxy, std::string(proxy)).empty());
  for (const char* entry : {"a.example:80:127.0.0.1", "a:443:1.2.3.4,5.6.7.8", "*:80:[::1]",
                            "[::1]:80:127.0.0.1", "a:65535:::1,1.2.3.4,[fe80::1]"})
    CHECK(complaint(&FetchOptions::resolve, Texts{entry}).empty());
  for (const char* entry : {"a:80:b:81", "::b:", ":::", "[::1]:80:[::2]:81", "::127.0.0.1:5"})
    CHECK(complaint(&FetchOptions::connect_to, Texts{entry}).empty());
}

TEST_CASE("options that make no sense are refused without saying secrets", "[fetch]") {
  for (const char* method : {"GET ", "G\r\nX: y", "CONNECT", "a b", "ä"})
    CHECK_FALSE(complaint(&FetchOptions::method, std::string(method)).empty());
  for (const char* proxy :
       {"http://u:sec/ret@127.0.0.1:3128", "http://u:secret#1@h:80", "http://u:s?t@h:80",
        "http://u:secret@[::1", "ftp://proxy", "http://", "http://proxy:port", "proxy:123456",
        "a b", "http://:80", "http://u:p@", "http://h:65536", "h:-1", "h:+1"})
    CHECK_FALSE(complaint(&FetchOptions::proxy, std::string(proxy)).empty());
  for (const char* entry :
       {"", "a", "a:80", "a:80:", ":80:1.2.3.4", "a:b:1.2.3.4", "+a:80:1.2.3.4", "-a:80:1.2.3.4",
        "a:80:name", "a:65536:1.2.3.4", "a:80:1.2.3.4,", "a:80:,1.2.3.4", "a:80:[1.2.3.4]"})
    CHECK_FALSE(complaint(&FetchOptions::resolve, Texts{entry}).empty());
  for (const char* entry : {"", "a:80:b", "a:x:b:80", "a:80:b:y"})
    CHECK_FALSE(complaint(&FetchOptions::connect_to, Texts{entry}).empty());
  for (auto field : {&FetchOptions::user, &FetchOptions::bearer_token, &FetchOptions::cookie,
                     &FetchOptions::referer, &FetchOptions::proxy_user}) {
    std::string said = complaint(field, std::string("s3cret\r\nX: y"));
    CHECK_FALSE(said.empty());
    CHECK(said.find("s3cret") == std::string::npos);
  }
  FetchOptions both;
  both.user = "a:b";
  both.bearer_token = "c";
  CHECK_FALSE(complaint(both).empty());
  FetchOptions head;
  head.method = "HEAD";
  head.data = "x";
  CHECK_FALSE(complaint(head).empty());
}

TEST_CASE("the name of a header is a word, so that no value hides in it", "[fetch]") {
  for (const char* name : {"X-Key: s3cret", "X Key", "X-Key:", "X-Key;y", ";", "X\tY", "X\nY", ""})
    for (const char* value : {"", "v"}) {
      std::vector<HeaderLine> headers = {{name, value}};
      INFO(name);
      std::string said = problem_of(FetchRequest{.headers = headers}, {});
      CHECK_FALSE(said.empty());
      CHECK(said.find("s3cret") == std::string::npos);
      CHECK_FALSE(complaint(&FetchOptions::headers, headers).empty());
    }
  CHECK_FALSE(problem_of(FetchRequest{.headers = {{"X-Key;", "v"}}}, {}).empty());
}

TEST_CASE("the method follows from what is asked for", "[fetch]") {
  FetchOptions options;
  CHECK(method_of(options) == "GET");
  CHECK(method_of(FetchRequest{.body = "x"}, options) == "POST");
  CHECK(method_of(FetchRequest{.method = "PUT", .body = "x"}, options) == "PUT");
  options.data = "x";
  CHECK(method_of(options) == "POST");
  CHECK(method_of(FetchRequest{}, options) == "POST");
  options.method = "QUERY";
  CHECK(method_of(FetchRequest{.body = "x"}, options) == "QUERY");
}

TEST_CASE("a request that makes no sense says why", "[fetch]") {
  FetchOptions options;
  CHECK(problem_of(FetchRequest{.url = "http://a/"}, options).empty());
  CHECK_FALSE(problem_of(FetchRequest{.method = "A B"}, options).empty());
  CHECK_FALSE(problem_of(FetchRequest{.headers = {{"X", "a\nb"}}}, options).empty());
  CHECK_FALSE(problem_of(FetchRequest{.headers = {{"", "a"}}}, options).empty());
  CHECK(problem_of(FetchRequest{.headers = {{"X-A", "b: c"}, {"X-B;", ""}, {"X-C", ""}}}, options)
            .empty());
  CHECK_FALSE(problem_of(FetchRequest{.method = "HEAD", .body = "x"}, options).empty());
  std::string large(kLargestRequest + 1, 'x');
  CHECK_FALSE(problem_of(FetchRequest{.body = large}, options).empty());
}
