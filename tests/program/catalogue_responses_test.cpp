// The catalogue of bad input: what servers answer.
#include <filesystem>
#include <set>

#include "program/catalogue.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/temp_dir.h"
#include "support/test_ca.h"

namespace fetchpool::test {
namespace {

using CatalogueRows = std::vector<CatalogueRow>;

TEST_CASE("catalogue 080 to 109: heads and framing") {
  Origin origin;
  const std::string line = "/status-line?line=";
  check_catalogue(
      origin, CatalogueRows{
                  {"080", "/close", "empty_reply", 0, Whole::no},
                  {"081", "/reset", "reset", 0, Whole::no},
                  {"082", "/reset-body", "reset", 200, Whole::no},
                  {"083", "/garbage", "protocol", 0, Whole::no},
                  {"083", "/http09", "protocol", 0, Whole::no},
                  {"084", line + "HTTP/1.1%20999%20what", "http_error", 999},
                  {"085", line + "HTTP/1.1%20099%20no", "protocol"},
                  {"085", line + "HTTP/1.1%202000%20no", "protocol"},
                  {"085", line + "HTTP/1.1%20-12%20no", "protocol"},
                  {"086", line + "HTTP/3.7%20200%20OK", "protocol"},
                  {"088", "/lf-only", "ok", 200, Whole::yes},
                  {"089", "/no-colon", "protocol", std::nullopt, Whole::no},
                  {"090", "/header?line=X:%20a%00b", "protocol", std::nullopt, Whole::no},
                  {"091", "/header?line=X:%20one%0dtwo", "ok", 200},
                  {"092", "/header?line=X:%20%1b%5d0;name%07%ff%fe", "ok", 200},
                  {"093", "/folded-header", "ok", 200},
                  {"094", "/long-header?bytes=99000", "ok", 200},
                  {"094", "/long-header?bytes=300000", "headers_too_large"},
                  {"095", "/many-headers?n=10000", "headers_too_large"},
                  {"096", "/endless-headers", "headers_too_large"},
                  {"097", "/endless-1xx", "headers_too_large"},
                  {"097", "/endless-1xx?code=103", "headers_too_large"},
                  {"098", "/endless-trailer", "headers_too_large", 200, Whole::no},
                  {"100", "/cut-headers", "truncated", std::nullopt, Whole::no},
                  {"101", "/short-body", "truncated", 200, Whole::no},
                  {"102", "/long-body", "ok", 200, Whole::yes},
                  {"103", "/bad-length?value=-5", "protocol"},
                  {"104", "/two-lengths", "truncated", 200, Whole::no},
                  {"105", "/bad-length?value=0x2", "protocol"},
                  {"106", "/bad-length?value=%2B2", "protocol"},
                  {"106", "/bad-length?value=2,%202", "ok", 200},
                  {"107", "/endless-body?length=9223372036854775807", "too_large", 200, Whole::no},
                  {"107", "/endless-body?length=5000000000", "too_large", 200, Whole::no},
                  {"108", "/bad-length?value=99999999999999999999999", "protocol"},
                  {"109", "/length-and-chunked", "ok", 200, Whole::yes},
                  {"146", "/no-content-body", "ok", 204, Whole::yes},
                  {"146", "/not-modified", "http_error", 304, Whole::yes},
                  {"147", "/switch-101", "protocol"},
                  {"148", "/partial", "http_error", 206, Whole::yes},
                  {"149", "/status/401", "http_error", 401},
                  {"149", "/status/407", "http_error", 407},
                  {"150", "/cookies?n=60", "ok", 200},
                  {"151", "/retry-after?value=-999999999999&times=0", "ok", 200},
                  {"f33", line + "ICY%20200%20OK", "protocol"},
                  {"f33", "/http10", "ok", 200, Whole::unknown},
                  {"f33", "/connection-close", "ok", 200, Whole::yes},
                  {"f35", "/ok?size=0", "ok", 200, Whole::yes},
              });
}

TEST_CASE("catalogue 087: HTTP/2 claimed over HTTP/1 is no reason to trust less") {
  Origin origin;
  Finished done =
      fetchpool({"--retry", "0", origin.url("/status-line?line=HTTP/2%20200%20OK")}).run();
  Record record = read_records(done.out).at(0);
  // Newer versions of libcurl refuse it.
  CHECK((record.outcome == "ok" || record.outcome == "protocol"));
}

TEST_CASE("catalogue 110 to 120: redirects") {
  Origin origin;
  CatalogueRows rows = {
      {"110", "/location?to=file:///etc/passwd", "redirect_denied", 302},
      {"111", "/location?to=data:text/plain,x", "redirect_denied", 302},
      {"111", "/location?to=javascript:alert(1)", "redirect_denied", 302},
      {"112", "/location?to=ftp://127.0.0.1/", "redirect_denied", 302},
      {"112", "/location?to=gopher://127.0.0.1/", "redirect_denied", 302},
      {"114", "/redirect-loop", "too_many_redirects", 302},
      {"114", "/redirect/21", "too_many_redirects", 302},
      {"115", "/no-location", "http_error", 302},
      {"115", "/location?to=", "http_error", 302},
      {"116", "/location?to=http://127.0.0.1:99999/", "redirect_denied", 302},
      {"116", "/location?to=http://a%01b/", "redirect_denied", 302},
      {"117", "/long-location?bytes=90000", "redirect_denied", 302},
      {"118", "/location?to=/ok/a%20b", "ok", 200},
      {"118", "/location?to=/ok/%c3%bc", "ok", 200},
      {"119", "/two-locations", "redirect_denied", 302},
      {"120", "/redirect-body?bytes=300000", "ok", 200},
      {"f16", "/no-location?code=300", "http_error", 300},
      {"f16", "/status/304", "http_error", 304},
      {"f18", "/location?to=http://u:p@127.0.0.1/", "redirect_denied", 302},
  };
  for (const Record& record : check_catalogue(origin, rows)) {
    bool followed = record.outcome == "ok" || record.outcome == "too_many_redirects";
    CHECK((record.num_redirects > 0) == followed);
  }
}

TEST_CASE("catalogue 155: what a server calls a page names no file") {
  Origin origin;
  TempDir dir;
  std::vector<std::string> arguments = {"-P", dir.file("pages")};
  for (const char* name :
       {"../../etc/x", "/abs", "C:%5cx", "CON", ".bashrc", "a%00b", "%252e%252e%252fx", "..", ""})
    arguments.push_back(origin.url(std::string("/header?line=Content-Disposition:%20attachment;"
                                               "%20filename=%22") +
                                   name + "%22"));
  arguments.push_back(
      origin.url("/header?line=Content-Disposition:%20attachment;%20filename*="
                 "UTF-8''..%252f..%252fx"));
  arguments.push_back(origin.url("/header?line=Content-Disposition:%20attachment;%20filename=" +
                                 std::string(300, 'x')));
  // Of these, the one with a NUL byte in its head is not HTTP.
  Finished done = fetchpool(arguments).run();
  CHECK(done.status == 7);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.file("pages/bodies")))
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(dir.path()).string());
  std::set<std::string> expected;
  for (int number : {0, 1, 2, 3, 4, 6, 7, 8, 9, 10})
    expected.insert("pages/bodies/00000/" + std::string(number < 10 ? "00000000" : "0000000") +
                    std::to_string(number));
  CHECK(names == expected);
  CHECK(std::filesystem::directory_iterator(dir.path())->path() == dir.file("pages"));
}

TEST_CASE("catalogue 125 to 138: codings") {
  Origin origin;
  std::vector<Record> records = check_catalogue(
      origin, CatalogueRows{
                  {"125", "/chunked-bad-hex", "protocol", 200, Whole::no},
                  {"125", "/chunked-bad-hex?size-line=-5", "protocol", 200, Whole::no},
                  {"125", "/chunked-bad-hex?size-line=12345678901234567", "protocol", 200},
                  {"126", "/chunked-cut", "truncated", 200, Whole::no},
                  {"126", "/chunked-no-end", "truncated", 200, Whole::no},
                  {"127", "/transfer-encoding?value=foo", "protocol"},
                  {"128", "/gzip-plain", "decode", 200, Whole::no},
                  {"129", "/gzip-corrupt?size=5000", "decode", 200, Whole::no},
                  {"130", "/gzip-cut", "truncated", 200, Whole::no},
                  {"131", "/gzip-junk", "ok", 200},
                  {"132", "/gzip-two-members", "ok", 200, Whole::yes},
                  {"133", "/gzip-stacked?times=6", "decode", 200},
                  {"133", "/gzip-stacked?times=6&split=1", "decode", 200},
                  {"134", "/encoding", "decode", 200},
                  {"135", "/gzip-bomb?mb=256", "too_large", 200, Whole::no},
                  {"136", "/br-bomb?mb=256", "too_large", 200, Whole::no},
                  {"137", "/zstd-bomb?mb=256&log=27", "too_large", 200, Whole::no},
                  {"138", "/zstd", "ok", 200, Whole::yes},
                  {"f23", "/gzip-empty", "ok", 200},
                  {"f23", "/deflate-raw", "ok", 200, Whole::yes},
                  {"f23", "/deflate-zlib", "ok", 200, Whole::yes},
              });
  for (const Record& record : records)
    if (record.outcome == "decode") CHECK(record.size_body > 0);
}

TEST_CASE("catalogue 140 to 143: time") {
  Origin origin;
  std::vector<Record> records =
      check_catalogue(origin,
                      CatalogueRows{
                          {"140", "/hang", "timeout", 0, Whole::no},
                          {"141", "/drip-headers?ms=300", "timeout", std::nullopt, Whole::no},
                          {"142", "/drip-body?ms=500", "timeout", 200, Whole::no},
                          {"143", "/endless-body", "too_large", 200, Whole::no},
                          {"143", "/endless-chunks", "too_large", 200, Whole::no},
                          {"099", "/endless-chunk-extension", "timeout", 200, Whole::no},
                      },
                      {"-m", "1"});
  CHECK(records[3].size_download >= 4 << 20);
}

TEST_CASE("catalogue 153 and 154: TLS") {
  Origin origin;
  ListeningPort silent;
  check_catalogue(
      origin,
      CatalogueRows{{"153", "https://127.0.0.1:" + std::to_string(origin.port()) + "/ok", "tls", 0},
                    {"154", silent.url("https"), "timeout_connect", 0}},
      {"--connect-timeout", "1"});
}

}  // namespace
}  // namespace fetchpool::test
