// HTTP/2: told truthfully, whatever the server and libcurl make of it.
#include <curl/curl.h>

#include <set>

#include "program/records.h"
#include "support/catch.h"
#include "support/nginx.h"
#include "support/test_ca.h"

namespace fetchpool::test {
namespace {

bool libcurl_sees_cuts() {
  return curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;
}

// The server with one behaviour, and the program at it.
class H2Origin {
 public:
  explicit H2Origin(const std::string& behaviour) {
    Certificate certificate = ca_.valid();
    server_ = Command("fetchpool_test_h2_origin")
                  .args({certificate.certificate, certificate.key, behaviour})
                  .start();
    port_ = server_->read_line().value().substr(5);
  }
  H2Origin(const H2Origin&) = delete;
  H2Origin& operator=(const H2Origin&) = delete;
  ~H2Origin() {
    server_->signal(SIGKILL);
    server_->wait();
  }

  Finished fetch(const std::vector<std::string>& more, int count = 1) const {
    std::string list;
    for (int i = 0; i < count; ++i)
      list += "https://localhost:" + port_ + "/" + std::to_string(i) + "\n";
    return fetchpool({"--http2", "--cacert", ca_.file()}).args(more).stdin_text(list).run();
  }
  Record record(const std::vector<std::string>& more = {"--retry", "0"}) const {
    Finished done = fetch(more);
    return read_records(done.out).at(0);
  }

 private:
  TestCa ca_;
  std::optional<Running> server_;
  std::string port_;
};

TEST_CASE("an HTTP/2 answer is whole where that is proven, and never said to be so otherwise") {
  Record with_length = H2Origin("length").record();
  CHECK(with_length.ok);
  CHECK(with_length.complete == true);
  CHECK(with_length.body == "hello");
  Record without = H2Origin("no-length").record();
  CHECK(without.ok);
  CHECK(without.complete == (libcurl_sees_cuts() ? std::optional(true) : std::nullopt));
}

TEST_CASE("an HTTP/2 answer that is cut is not said to be whole") {
  Record with_length = H2Origin("cut-length").record();
  CHECK_FALSE(with_length.ok);
  CHECK((with_length.outcome == "truncated" || with_length.outcome == "reset"));
  CHECK(with_length.complete == false);
  Record without = H2Origin("cut-no-length").record();
  CHECK(without.complete != true);
  if (libcurl_sees_cuts()) CHECK_FALSE(without.ok);
  Record headers = H2Origin("cut-headers").record();
  CHECK((headers.outcome == "empty_reply" || headers.outcome == "reset"));
}

TEST_CASE("a stream that the server resets is a reset") {
  Record record = H2Origin("reset").record();
  CHECK(record.outcome == "reset");
  CHECK(record.complete == false);
}

TEST_CASE("what a server refuses or leaves aside is asked again") {
  for (const char* behaviour : {"refuse-first", "goaway-first"}) {
    CAPTURE(behaviour);
    Record record = H2Origin(behaviour).record({"--retry", "2"});
    CHECK(record.ok);
    CHECK(record.body == "hello");
  }
}

TEST_CASE("a server that wants a certificate is a failure of TLS, although it says so late") {
  for (const char* version : {"--http2", "--http1.1"}) {
    Record record = H2Origin("wants-certificate").record({"--retry", "2", version});
    INFO(record.error);
    CHECK(record.outcome == "tls");
    CHECK(record.num_attempts == 1);
  }
}

TEST_CASE("a server that wants calm is not asked without end") {
  // "calm" resets each stream, "goaway-always" takes none up and leaves, which libcurl takes for a
  // reason to try again by itself.
  for (const char* behaviour : {"calm", "goaway-always"}) {
    CAPTURE(behaviour);
    Record record =
        H2Origin(behaviour).record({"--retry", "1", "--retry-delay", "1ms", "-m", "30"});
    CAPTURE(record.error);
    CHECK((record.outcome == "reset" || record.outcome == "empty_reply"));
    CHECK(record.complete != true);
    CHECK(record.num_attempts == 2);
  }
}

TEST_CASE("a server that takes one stream at a time, or leaves after every fifth, serves all") {
  for (const char* behaviour : {"one-stream", "goaway-often"}) {
    CAPTURE(behaviour);
    Finished done = H2Origin(behaviour).fetch({"-p", "2"}, 60);
    CHECK(done.status == 0);
    std::vector<Record> records = read_records(done.out);
    CHECK(records.size() == 60);
    CHECK(are_in_order(records));
    for (const Record& record : records) {
      CHECK(record.body == "hello");
      CHECK(record.complete == true);
    }
  }
}

// The first stream, which goes alone, is answered.
TEST_CASE("answers that are cut together with their connection are none of them whole") {
  for (const char* behaviour : {"cut-many", "cut-many-length"}) {
    CAPTURE(behaviour);
    Finished done = H2Origin(behaviour).fetch({"-p", "1", "--retry", "0", "-m", "30"}, 5);
    std::vector<Record> records = read_records(done.out);
    REQUIRE(records.size() == 5);
    CHECK(records[0].ok);
    bool is_told = libcurl_sees_cuts() || std::string(behaviour) == "cut-many-length";
    for (std::size_t i = 1; i < records.size(); ++i) {
      const Record& record = records[i];
      INFO(record.outcome << ": " << record.error);
      CHECK(record.complete != true);
      CHECK(record.outcome != "timeout");
      if (is_told) CHECK_FALSE(record.ok);
    }
  }
}

TEST_CASE("many pages come over HTTP/2 from nginx, in order and whole") {
  if (!Nginx::is_installed()) return;
  TestCa ca;
  NginxOptions options;
  options.certificate = ca.valid();
  options.http2 = true;
  // A page that is pushed, though nobody wants it.
  options.server_lines = "  location / { http2_push /pushed; return 200 \"$uri\"; }\n";
  Nginx nginx(options);
  std::string list;
  for (int i = 0; i < 300; ++i) list += nginx.tls_url("/" + std::to_string(i)) + "\n";
  for (const char* version : {"--http2", "--http1.1"}) {
    CAPTURE(version);
    Finished done = fetchpool({version, "--cacert", ca.file(), "-p", "2"}).stdin_text(list).run();
    CHECK(done.status == 0);
    std::vector<Record> records = read_records(done.out);
    CHECK(are_in_order(records));
    CHECK(records.size() == 300);
    for (const Record& record : records) {
      CHECK(record.complete == true);
      CHECK(record.body == "/" + std::to_string(record.seq));
    }
    bool is_h2 = done.out.find("\"http_version\":\"2\"") != std::string::npos;
    CHECK(is_h2 == (std::string(version) == "--http2"));
  }
}

TEST_CASE("a host that speaks HTTP/2 is reached by one connection, one of HTTP/1.1 by several") {
  if (!Nginx::is_installed()) return;
  TestCa ca;
  NginxOptions options;
  options.certificate = ca.valid();
  options.http2 = true;
  options.server_lines = "  location / { return 200 \"$connection\\n\"; }\n";
  Nginx nginx(options);
  std::string list;
  for (int i = 0; i < 500; ++i) list += nginx.tls_url("/" + std::to_string(i)) + "\n";
  auto connections = [&](const char* version, const char* per_host) {
    Finished done = fetchpool({version, "--per-host", per_host, "-j", "8", "--cacert", ca.file(),
                               "-p", "2", "--raw"})
                        .stdin_text(list)
                        .run();
    CHECK(done.status == 0);
    std::vector<std::string> lines = done.lines();
    CHECK(lines.size() == 500);
    return std::set<std::string>(lines.begin(), lines.end()).size();
  };
  CHECK(connections("--http2", "6") == 1);
  CHECK(connections("--http1.1", "6") > 1);
  // Where any number is allowed: one of each worker.
  CHECK(connections("--http2", "0") == 2);
}

TEST_CASE("more than a hundred streams to a host share its connection") {
  if (!Nginx::is_installed()) return;
  TestCa ca;
  NginxOptions options;
  options.certificate = ca.valid();
  options.http2 = true;
  // What is slow takes the server two seconds, so that all of it runs at once.
  options.server_lines =
      "  http2_max_concurrent_streams 200;\n  location /slow { limit_rate 1k; return 200 "
      "\"$connection " +
      std::string(2000, '.') + "\\n\"; }\n  location /fast { return 200 \"$connection \\n\"; }\n";
  Nginx nginx(options);
  std::string list = nginx.tls_url("/fast") + "\n";
  for (int i = 0; i < 160; ++i) list += nginx.tls_url("/slow?" + std::to_string(i)) + "\n";
  for (const char* per_host : {"160", "0"}) {
    CAPTURE(per_host);
    Finished done = fetchpool({"--http2", "--per-host", per_host, "-j", "160", "-p", "1",
                               "--cacert", ca.file(), "--raw"})
                        .stdin_text(list)
                        .run();
    CHECK(done.status == 0);
    std::set<std::string> connections;
    for (const std::string& line : done.lines()) connections.insert(line.substr(0, line.find(' ')));
    CHECK(connections.size() == 1);
  }
}

}  // namespace
}  // namespace fetchpool::test
