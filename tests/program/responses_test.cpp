// Answers that are answers, however odd they look.
#include "program/outcome_case.h"
#include "support/catch.h"

namespace fetchpool::test {
namespace {

using Rows = std::vector<OutcomeCase>;

std::string body(const std::string& target, std::size_t size = 1000) {
  return origin_body(target, size);
}

TEST_CASE("responses of every framing are whole") {
  Origin origin;
  check_outcomes(origin,
                 Rows{
                     {"/ok", "ok", 200, Whole::yes, body("/ok")},
                     {"/ok?size=0", "ok", 200, Whole::yes, ""},
                     {"/chunked", "ok", 200, Whole::yes, body("/chunked")},
                     {"/chunked?size=0", "ok", 200, Whole::yes, ""},
                     {"/chunked?piece=1", "ok", 200, Whole::yes, body("/chunked?piece=1")},
                     {"/chunked-trailer", "ok", 200, Whole::yes, body("/chunked-trailer")},
                     {"/chunked-extension", "ok", 200, Whole::yes, "hello"},
                     {"/close-delimited", "ok", 200, Whole::unknown, body("/close-delimited")},
                     {"/http10", "ok", 200, Whole::unknown, body("/http10")},
                     {"/connection-close", "ok", 200, Whole::yes, body("/connection-close")},
                     {"/silent-close", "ok", 200, Whole::yes, body("/silent-close")},
                     {"/length-and-chunked", "ok", 200, Whole::yes, body("/length-and-chunked")},
                     {"/long-body", "ok", 200, Whole::yes, body("/long-body")},
                     {"/slow?ms=50", "ok", 200, Whole::yes, body("/slow?ms=50")},
                     {"/slow-body?ms=50", "ok", 200, Whole::yes, body("/slow-body?ms=50")},
                     {"/drip-body?ms=5", "ok", 200, Whole::yes, body("/drip-body?ms=5", 10)},
                     {"/drip-headers?ms=5", "ok", 200, Whole::yes, body("/drip-headers?ms=5", 10)},
                     {"/head-length?length=30", "ok", 200, Whole::yes, std::string(30, 'x')},
                 });
}

TEST_CASE("responses without a body are whole") {
  Origin origin;
  check_outcomes(origin, Rows{
                             {"/status/204", "ok", 204, Whole::yes, ""},
                             {"/no-content-body", "ok", 204, Whole::yes, ""},
                             {"/not-modified", "http_error", 304, Whole::yes, ""},
                             {"/status/304", "http_error", 304, Whole::yes, ""},
                         });
}

TEST_CASE("a page that has not changed, where only a changed one was asked for, is no failure") {
  Origin origin;
  for (const char* header : {"If-None-Match: \"a\"", "if-modified-since: 2026"}) {
    Finished done = fetchpool({"-H", header, origin.url("/not-modified")}).run();
    CHECK(done.status == 0);
    Record record = read_records(done.out).at(0);
    CHECK(record.outcome == "not_modified");
    CHECK(record.ok);
  }
  Finished json = fetchpool()
                      .stdin_text(R"({"headers":{"If-None-Match":"a"},"url":")" +
                                  origin.url("/not-modified") + "\"}\n")
                      .run();
  CHECK(read_records(json.out).at(0).outcome == "not_modified");
}

TEST_CASE("every final status is judged, and its body kept") {
  Origin origin;
  Rows rows;
  for (int code : {200, 201, 203, 299})
    rows.push_back({"/status/" + std::to_string(code), "ok", code, Whole::yes,
                    body("/status/" + std::to_string(code), 100)});
  for (int code : {206, 300, 302, 305, 400, 401, 403, 404, 407, 410, 418,
                   421, 429, 451, 500, 501, 503, 522, 599, 600, 999})
    rows.push_back({"/status/" + std::to_string(code), "http_error", code, Whole::yes,
                    body("/status/" + std::to_string(code), 100)});
  check_outcomes(origin, rows);
}

TEST_CASE("a part of a page is a success only where it was asked for, or named as one") {
  Origin origin;
  Origin other;
  std::string part = body("/partial");
  auto row = [&](const char* outcome, const std::vector<std::string>& arguments) {
    return OutcomeCase{"/partial", outcome, 206, Whole::yes, part, arguments};
  };
  Rows rows{
      row("http_error", {}),
      row("ok", {"-H", "range: bytes=0-9"}),
      row("http_error", {"-H", "Range:"}),
      row("http_error", {"--ok-status", "2xx"}),
      row("http_error", {"--ok-status", "2xx,404"}),
      row("ok", {"--ok-status", "2xx,206"}),
      row("ok", {"--ok-status", "200-206"}),
  };
  // The header is not sent to another origin.
  rows.push_back(row("http_error", {"-H", "Range: bytes=0-9"}));
  rows.back().target = "/location?to=" + other.url("/partial");
  check_outcomes(origin, rows);
}

TEST_CASE("interim responses are not the answer") {
  Origin origin;
  check_outcomes(origin, Rows{
                             {"/early-hints", "ok", 200, Whole::yes, body("/early-hints")},
                             {"/many-1xx?n=10", "ok", 200, Whole::yes, body("/many-1xx?n=10", 2)},
                         });
}

TEST_CASE("odd heads that can be read are read") {
  Origin origin;
  std::string line = "/status-line?line=";
  check_outcomes(
      origin,
      Rows{
          {"/lf-only", "ok", 200, Whole::yes, body("/lf-only")},
          {"/folded-header", "ok", 200, Whole::yes, body("/folded-header")},
          {line + "HTTP/1.1%20200", "ok", 200, Whole::yes, "ok"},
          {line + "HTTP/1.1%20200%20", "ok", 200, Whole::yes, "ok"},
          {line + "HTTP/1.1%20200%20fine%20and%20good", "ok", 200, Whole::yes, "ok"},
          {line + "HTTP/1.1%20999%20what", "http_error", 999, Whole::yes, "ok"},
          {"/header?line=X:%20%1b%5d0;name%07", "ok", 200, Whole::yes},
          {"/header?line=X:%20%ff%fe", "ok", 200, Whole::yes},
          {"/header?line=X:%20one%0dtwo", "ok", 200, Whole::yes},
          {"/long-header?bytes=90000", "ok", 200, Whole::yes, body("/long-header?bytes=90000", 2)},
          {"/many-headers?n=900", "ok", 200, Whole::yes, body("/many-headers?n=900", 2)},
          {"/cookies?n=40", "ok", 200, Whole::yes},
          {"/bad-length?value=2,%202", "ok", 200, Whole::yes},
          {"/retry-after?value=-9999999999&times=0", "ok", 200, Whole::yes},
      });
}

TEST_CASE("headers of any bytes make valid records") {
  Origin origin;
  for (const char* target : {"/header?line=X:%20%1b%5d0;name%07", "/header?line=X:%20%ff%fe%22%5c",
                             "/header?line=X:%20one%0dtwo", "/folded-header"}) {
    INFO(target);
    Finished done = fetchpool({"--include-headers", origin.url(target)}).run();
    Record record = read_records(done.out).at(0);
    CHECK(record.ok);
    REQUIRE(record.headers);
    CHECK(record.headers->size() >= 2);
  }
  Record folded =
      read_records(fetchpool({"--include-headers", origin.url("/folded-header")}).run().out).at(0);
  std::pair<std::string, std::string> value("X-Folded", "one two three");
  CHECK(std::count(folded.headers->begin(), folded.headers->end(), value) == 1);
}

TEST_CASE("content codings are taken off") {
  Origin origin;
  Rows rows;
  for (const char* target :
       {"/gzip", "/gzip?size=0", "/gzip?size=1", "/gzip?size=3000000", "/deflate-raw",
        "/deflate-zlib", "/deflate-raw?size=3000000", "/gzip-two-members", "/gzip-junk",
        "/gzip-stacked?times=2", "/gzip-stacked?times=2&split=1", "/negotiated"}) {
    std::string text = target;
    std::size_t at = text.find("size=");
    std::size_t size = at == text.npos ? 1000 : static_cast<std::size_t>(atol(&text[at + 5]));
    rows.push_back({text, "ok", 200, Whole::yes, body(text, size)});
  }
  check_outcomes(origin, rows);
}

TEST_CASE("a coding that nobody asked for is still a coding") {
  Origin origin;
  Record record = read_records(fetchpool({"--no-compressed", origin.url("/gzip")}).run().out).at(0);
  CHECK(record.ok);
  CHECK(record.content_encoding == "gzip");
}

}  // namespace
}  // namespace fetchpool::test
