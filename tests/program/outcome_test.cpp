// What the program refuses: URLs, redirects and codings.
#include "program/outcome_case.h"
#include "support/catch.h"

namespace fetchpool::test {
namespace {

using Rows = std::vector<OutcomeCase>;

TEST_CASE("what is no URL is not asked for") {
  Origin origin;
  std::string port = std::to_string(origin.port());
  std::string host = "127.0.0.1:" + port;
  Rows rows;
  for (const std::string& url : {std::string("nonsense"),
                                 std::string("example.com/x"),
                                 "//" + host + "/ok",
                                 "http:///" + host + "/ok",
                                 "http:/" + host + "/ok",
                                 "http:" + host + "/ok",
                                 "http:////" + host + "/ok",
                                 "http://" + host + "\\@x/",
                                 "http://u:p@" + host + "/ok",
                                 "http://u:p@x:1@" + host + "/ok",
                                 std::string("http://127.0.0. 1/"),
                                 std::string("http://127.0.0.1%00:" + port + "/ok"),
                                 "http://" + host + "/\x01",
                                 "http://" + host + "\t/",
                                 std::string("http://127.0.0.1:99999/"),
                                 std::string("http://127.0.0.1:+80/"),

                                 std::string("http://[::1/"),
                                 std::string("http://?q"),
                                 std::string("http://#f"),
                                 std::string("http://")})
    rows.push_back({url, "bad_url", 0, Whole::unknown});
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/_x",
                          "javascript:alert(1)", "mailto:a@b", "data:text/plain,hi", "ws://h/"})
    rows.push_back({url, "unsupported_scheme", 0, Whole::unknown});
  check_outcomes(origin, rows);
  CHECK(origin.requests() == 0);
}

TEST_CASE("URLs that look odd are sent as they must be") {
  Origin origin;
  std::string port = std::to_string(origin.port());
  struct Row {
    std::string url;
    std::string target;
  };
  std::string here = "http://127.0.0.1:" + port;
  for (const Row& row : std::vector<Row>{
           {"HTTP://127.0.0.1:" + port + "/echo", "/echo"},
           {here + "/echo#part", "/echo"},
           {here + "/../../echo", "/echo"},
           {here + "/echo/a b", "/echo/a%20b"},
           {here + "/echo/%00%0d%0aX:y", "/echo/%00%0d%0aX:y"},
           {"http://127.0.0.1:0" + port + "/echo", "/echo"},
           {"http://%31%32%37.0.0.1:" + port + "/echo", "/echo"},
       }) {
    INFO(row.url);
    Finished done = fetchpool({row.url}).run();
    Record record = read_records(done.out).at(0);
    INFO(record.error);
    CHECK(record.ok);
    CHECK_THAT(record.body.value_or(""), ContainsSubstring("\"target\":\"" + row.target + "\""));
  }
  Record braces = read_records(fetchpool({here + "/ok/{a,b}[1-3]"}).run().out).at(0);
  CHECK(braces.ok);
  CHECK(origin.counts_of_behaviour("/ok").requests == 1);
}

TEST_CASE("redirects are followed") {
  Origin origin;
  Origin other;
  std::string end = origin_body("/ok?size=77", 77);
  std::string to = "to=/ok%3Fsize=77";
  Rows rows;
  for (int code : {301, 302, 303, 307, 308})
    rows.push_back(
        {"/redirect/1?" + to + "&code=" + std::to_string(code), "ok", 200, Whole::yes, end});
  rows.push_back({"/redirect/5?" + to, "ok", 200, Whole::yes, end});
  rows.push_back({"/location?to=ok%3Fsize=77", "ok", 200, Whole::yes, end});
  rows.push_back({"/location?to=//127.0.0.1:" + std::to_string(other.port()) + "/ok%3Fsize=77",
                  "ok", 200, Whole::yes, end});
  rows.push_back({"/location?" + to + "%23part", "ok", 200, Whole::yes, end});
  rows.push_back({"/location?to=/ok/a%20b", "ok", 200, Whole::yes});
  rows.push_back({"/location?to=/ok/%c3%bc", "ok", 200, Whole::yes});
  rows.push_back({"/redirect-body?" + to, "ok", 200, Whole::yes, end});
  check_outcomes(origin, rows);

  Record chain = read_records(fetchpool({origin.url("/redirect/2?" + to)}).run().out).at(0);
  CHECK(chain.num_redirects == 2);
  CHECK(chain.num_attempts == 1);
  CHECK(chain.url == origin.url("/redirect/2?" + to));
  CHECK(chain.url_effective == origin.url("/ok?size=77"));
}

TEST_CASE("redirects that lead nowhere good are refused") {
  Origin origin;
  auto denied = [&](const std::string& target) {
    INFO(target);
    Finished done = fetchpool({"--retry", "0", origin.url(target)}).run();
    Record record = read_records(done.out).at(0);
    INFO(record.error);
    CHECK(record.outcome == "redirect_denied");
    CHECK(done.status == 7);
    CHECK(record.response_code == 302);
  };
  for (const char* location :
       {"file:///etc/passwd", "data:text/plain,x", "javascript:alert(1)", "ftp://127.0.0.1/",
        "gopher://127.0.0.1/", "http://127.0.0.1:99999/", "http://a%01b/", "http://"})
    denied(std::string("/location?to=") + location);
  denied("/two-locations");
  denied("/long-location");
  check_outcomes(origin, Rows{
                             {"/redirect-loop", "too_many_redirects", 302, Whole::yes},
                             {"/no-location", "http_error", 302, Whole::yes},
                             {"/location?to=", "http_error", 302, Whole::yes},
                             {"/no-location?code=300", "http_error", 300, Whole::yes},
                         });
  Rows same = {{"/two-locations?first=/ok%3Fsize=1&second=/ok%3Fsize=1", "ok", 200, Whole::yes}};
  check_outcomes(origin, same);
}

TEST_CASE("codings that are wrong keep the raw body") {
  Origin origin;
  check_outcomes(origin,
                 Rows{
                     {"/gzip-plain", "decode", 200, Whole::no, origin_body("/gzip-plain", 1000)},
                     {"/encoding", "decode", 200, Whole::no, origin_body("/encoding", 1000)},
                     {"/gzip-corrupt?size=5000", "decode", 200, Whole::no},
                     {"/gzip-bad-checksum", "decode", 200, Whole::no},
                     {"/gzip-stacked?times=6", "decode", 200, Whole::no},
                     {"/gzip-stacked?times=6&split=1", "decode", 200, Whole::no},
                 });
  Record plain = read_records(fetchpool({origin.url("/gzip-plain")}).run().out).at(0);
  CHECK(plain.content_encoding == "gzip");
}

TEST_CASE("an announced coding without a byte is an empty body") {
  Origin origin;
  check_outcomes(origin, Rows{{"/gzip-empty", "ok", 200, Whole::yes, ""}});
}

}  // namespace
}  // namespace fetchpool::test
