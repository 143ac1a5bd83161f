// What a server or the way to it can do wrong.
#include "program/outcome_case.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/test_ca.h"

namespace fetchpool::test {
namespace {

using Rows = std::vector<OutcomeCase>;

std::string half(const std::string& target, std::size_t size = 1000) {
  return origin_body(target, size).substr(0, size / 2);
}

TEST_CASE("connections that end too early are told apart") {
  Origin origin;
  check_outcomes(origin, Rows{
                             {"/close", "empty_reply", 0, Whole::no},
                             {"/reset", "reset", 0, Whole::no},
                             {"/reset-body", "reset", 200, Whole::no},
                             {"/short-body", "truncated", 200, Whole::no, half("/short-body")},
                             {"/cut-headers", "truncated", 200, Whole::no},
                             {"/chunked-cut", "truncated", 200, Whole::no},
                             {"/chunked-no-end", "truncated", 200, Whole::no,
                              origin_body("/chunked-no-end", 1000)},
                             {"/gzip-cut", "truncated", 200, Whole::no},
                             {"/gzip-cut?cut=300&size=3000", "truncated", 200, Whole::no},
                             {"/bad-length?value=100", "truncated", 200, Whole::no},
                             {"/two-lengths", "truncated", 200, Whole::no},
                         });
}

TEST_CASE("what is not HTTP is named so") {
  Origin origin;
  std::string line = "/status-line?line=";
  Rows rows;
  for (const std::string& target :
       {std::string("/http09"), std::string("/garbage"), line + "HTTP/1.1%20099%20no",
        line + "HTTP/1.1%202000%20no", line + "HTTP/1.1%20-12%20no", line + "HTTP/3.7%20200%20OK",
        line + "ICY%20200%20OK", line + "SSH-2.0-OpenSSH_9", line + "HTTP/1.1200%20OK"})
    rows.push_back({target, "protocol", 0, Whole::no});
  check_outcomes(origin, rows);
}

TEST_CASE("heads and frames that make no sense are the server's fault") {
  Origin origin;
  Rows rows;
  for (const char* target :
       {"/no-colon", "/header?line=X:%20a%00b", "/bad-length?value=-5", "/bad-length?value=0x2",
        "/bad-length?value=two", "/bad-length?value=99999999999999999999999", "/chunked-bad-hex",
        "/chunked-bad-hex?size-line=-5", "/chunked-bad-hex?size-line=12345678901234567",
        "/transfer-encoding?value=foo"})
    rows.push_back({target, "protocol", 200, Whole::no});
  rows.push_back({"/switch-101", "protocol", 101, Whole::no});
  for (OutcomeCase& row : rows) {
    INFO(row.target);
    Finished done = fetchpool({"--retry", "0", origin.url(row.target)}).run();
    Record record = read_records(done.out).at(0);
    INFO(record.error);
    CHECK(record.outcome == row.outcome);
    CHECK(done.status == 7);
    CHECK(record.complete != true);
    CHECK_FALSE(record.error.empty());
  }
}

TEST_CASE("heads without end are cut off") {
  Origin origin;
  for (const char* target :
       {"/endless-headers", "/many-headers?n=10000", "/long-header?bytes=300000", "/endless-1xx",
        "/endless-1xx?code=103", "/endless-trailer"}) {
    INFO(target);
    Finished done = fetchpool({"--retry", "0", "-m", "20", origin.url(target)}).run();
    Record record = read_records(done.out).at(0);
    INFO(record.error);
    CHECK(record.outcome == "headers_too_large");
    CHECK(done.status == 7);
    CHECK(record.complete != true);
  }
}

TEST_CASE("bodies without end are cut off") {
  Origin origin;
  std::vector<std::string> limited = {"--max-filesize", "1M"};
  check_outcomes(origin,
                 Rows{
                     {"/endless-body", "too_large", 200, Whole::no, std::nullopt, limited},
                     {"/endless-chunks", "too_large", 200, Whole::no, std::nullopt, limited},
                     {"/endless-body?length=9223372036854775807", "too_large", 200, Whole::no,
                      std::nullopt, limited},
                     {"/gzip-bomb?mb=50", "too_large", 200, Whole::no, std::nullopt, limited},
                 });
}

TEST_CASE("a server that keeps a client waiting is left") {
  Origin origin;
  std::vector<std::string> limited = {"-m", "700ms"};
  check_outcomes(origin,
                 Rows{
                     {"/hang", "timeout", 0, Whole::no, std::nullopt, limited},
                     {"/hang-body", "timeout", 200, Whole::no, std::nullopt, limited},
                     {"/drip-body?ms=300", "timeout", 200, Whole::no, std::nullopt, limited},
                     {"/endless-body?ms=50", "timeout", 200, Whole::no, std::nullopt, limited},
                     {"/endless-chunk-extension", "timeout", 200, Whole::no, std::nullopt, limited},
                 });
  Finished headers = fetchpool({"-m", "700ms", "--retry", "0", origin.url("/drip-headers")}).run();
  CHECK(read_records(headers.out).at(0).outcome == "timeout");
}

TEST_CASE("no way to the server is told apart from a server that fails") {
  Origin origin;
  ClosedPort closed;
  BlackholePort blackhole;
  ListeningPort silent;
  check_outcomes(origin,
                 Rows{
                     {closed.url(), "connect", 0, Whole::no},
                     {"http://127.0.0.1:0/", "connect", 0, Whole::no},
                     {blackhole.url(),
                      "timeout_connect",
                      0,
                      Whole::no,
                      std::nullopt,
                      {"--connect-timeout", "300ms"}},
                     {silent.url("https"),
                      "timeout_connect",
                      0,
                      Whole::no,
                      std::nullopt,
                      {"--connect-timeout", "500ms"}},
                     {silent.url(), "timeout", 0, Whole::no, std::nullopt, {"-m", "500ms"}},
                     {"http://host.invalid/", "dns", 0, Whole::no, std::nullopt, {"-m", "20"}},
                     {"http://a..b/", "dns", 0, Whole::no, std::nullopt, {"-m", "20"}},
                 });
}

TEST_CASE("certificates that prove nothing are refused") {
  TestCa ca;
  using Make = Certificate (TestCa::*)();
  for (Make make :
       {&TestCa::expired, &TestCa::not_yet_valid, &TestCa::wrong_host, &TestCa::self_signed}) {
    Origin origin({.certificate = (ca.*make)()});
    check_outcome(
        origin,
        {origin.tls_url("/ok"), "tls", 0, Whole::no, std::nullopt, {"--cacert", ca.file()}});
    CHECK(origin.requests() == 0);
    check_outcome(origin, {origin.tls_url("/ok"), "ok", 200, Whole::yes, std::nullopt, {"-k"}});
  }
  Origin origin({.certificate = ca.valid()});
  check_outcome(
      origin,
      {origin.tls_url("/ok"), "ok", 200, Whole::yes, std::nullopt, {"--cacert", ca.file()}});
  check_outcome(origin, {origin.tls_url("/ok"), "tls", 0, Whole::no});
  std::string plain = "https://127.0.0.1:" + std::to_string(origin.port()) + "/ok";
  check_outcome(origin, {plain, "tls", 0, Whole::no});
}

TEST_CASE("one that stalls does not delay the others") {
  Origin origin;
  std::vector<std::string> arguments = {
      "-m", "4", "--retry", "0", "--per-host", "0", origin.url("/endless-chunk-extension")};
  for (int i = 0; i < 100; ++i) arguments.push_back(origin.url("/ok?i=" + std::to_string(i)));
  Finished done = fetchpool(arguments).run();
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 101);
  CHECK(count_of(records, "ok") == 100);
  CHECK(records[0].outcome == "timeout");
}

}  // namespace
}  // namespace fetchpool::test
