#include "support/origin.h"

#include <string>

#include "support/catch.h"
#include "support/raw_client.h"

using namespace fetchpool::test;
using namespace std::chrono_literals;

TEST_CASE("the origin serves bodies that a test can compute", "[origin]") {
  Origin origin;
  std::string response = raw_get(origin.port(), "/ok?size=3000&n=1");
  CHECK_THAT(response, ContainsSubstring("HTTP/1.1 200 OK\r\n"));
  CHECK(body_of(response) == origin_body("/ok?size=3000&n=1", 3000));
}

TEST_CASE("the origin answers many requests on one connection, sent at once", "[origin]") {
  Origin origin;
  RawClient client(origin.port());
  client.get("/ok?size=10&n=1");
  client.get("/slow?size=10&ms=20");
  client.get("/ok?size=10&n=3");
  CHECK(body_of(client.read_response()) == origin_body("/ok?size=10&n=1", 10));
  CHECK(body_of(client.read_response()) == origin_body("/slow?size=10&ms=20", 10));
  CHECK(body_of(client.read_response()) == origin_body("/ok?size=10&n=3", 10));
  CHECK(origin.connections().requests == 1);
}

TEST_CASE("the origin counts and logs, but not the questions about it", "[origin]") {
  Origin origin;
  raw_get(origin.port(), "/ok/a?size=1");
  raw_get(origin.port(), "/ok/b?size=1");
  RawClient waiting(origin.port());
  waiting.get("/hang");
  origin.wait_for_requests("/hang", 1);
  CHECK(origin.counts("/ok/a").requests == 1);
  CHECK(origin.counts_of_behaviour("/ok").requests == 2);
  CHECK(origin.counts("/hang").now == 1);
  CHECK(origin.counts_of_host("127.0.0.1").requests == 3);
  CHECK(origin.requests() == 3);
  CHECK(origin.connections().requests == 3);
  CHECK(origin.connections().now == 1);
  std::vector<Arrival> log = origin.log();
  REQUIRE(log.size() == 3);
  CHECK(log[0].target == "/ok/a?size=1");
  CHECK(log[2].target == "/hang");
  CHECK(log[0].milliseconds <= log[2].milliseconds);
  origin.reset_counts();
  CHECK(origin.requests() == 0);
  CHECK(origin.log().empty());
}

TEST_CASE("the origin echoes a request", "[origin]") {
  Origin origin;
  RawClient client(origin.port());
  client.send(
      "POST /echo?a=b HTTP/1.1\r\nHost: h\r\nX-One: \"1\"\r\nContent-Length: 3\r\n\r\na\xffz");
  CHECK(body_of(client.read_response()) ==
        "{\"method\":\"POST\",\"target\":\"/echo?a=b\",\"headers\":[[\"host\",\"h\"],[\"x-one\","
        "\"\\\"1\\\"\"],[\"content-length\",\"3\"]],\"body\":\"a\\u00ffz\"}\n");
}

TEST_CASE("the origin reads chunked requests and grants 100-continue", "[origin]") {
  Origin origin;
  RawClient client(origin.port());
  client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CHECK_THAT(client.read_response(), ContainsSubstring("\"body\":\"abcde\""));
}

TEST_CASE("HEAD has the headers only", "[origin]") {
  Origin origin;
  RawClient client(origin.port());
  client.send("HEAD /ok?size=500 HTTP/1.1\r\nConnection: close\r\n\r\n");
  std::string response = client.read_to_end();
  CHECK_THAT(response, ContainsSubstring("Content-Length: 500\r\n"));
  CHECK(body_of(response).empty());
}

TEST_CASE("the origin closes, resets and cuts as asked", "[origin]") {
  Origin origin;
  CHECK(raw_get(origin.port(), "/close").empty());
  RawClient reset(origin.port());
  reset.get("/reset");
  CHECK(reset.read_to_end().empty());
  CHECK(reset.was_reset());
  RawClient reset_body(origin.port());
  reset_body.get("/reset-body?size=100");
  CHECK(body_of(reset_body.read_to_end()).size() == 50);
  CHECK(reset_body.was_reset());
  CHECK(body_of(raw_get(origin.port(), "/short-body?size=100")).size() == 50);
  CHECK(body_of(raw_get(origin.port(), "/long-body?size=100")).size() == 124);
  CHECK_THAT(raw_get(origin.port(), "/cut-headers"), !ContainsSubstring("\r\n\r\n"));
}

TEST_CASE("redirects lead where they say", "[origin]") {
  Origin origin;
  CHECK_THAT(raw_get(origin.port(), "/redirect/2?to=/ok%3Fsize=3"),
             ContainsSubstring("Location: /redirect/1?to=/ok%3Fsize=3\r\n"));
  CHECK_THAT(raw_get(origin.port(), "/redirect/1?to=/ok%3Fsize=3&code=307"),
             ContainsSubstring("307 Temporary Redirect\r\nLocation: /ok?size=3\r\n"));
  CHECK_THAT(raw_get(origin.port(), "/location?to=http://h/%20%c3%bc"),
             ContainsSubstring("Location: http://h/ \xc3\xbc\r\n"));
}

TEST_CASE("what is flaky works in the end, each key for itself", "[origin]") {
  Origin origin;
  CHECK_THAT(raw_get(origin.port(), "/flaky?key=a&fail=1"), ContainsSubstring("503 Service"));
  CHECK_THAT(raw_get(origin.port(), "/flaky?key=a&fail=1"), ContainsSubstring("200 OK"));
  CHECK(raw_get(origin.port(), "/flaky?key=b&fail=1&how=close").empty());
  CHECK_THAT(raw_get(origin.port(), "/flaky?key=b&fail=1&how=close"), ContainsSubstring("200 OK"));
  CHECK_THAT(raw_get(origin.port(), "/retry-after?key=c&value=7&code=429"),
             ContainsSubstring("429 Too Many Requests\r\nRetry-After: 7\r\n"));
  CHECK_THAT(raw_get(origin.port(), "/retry-after?key=c"), ContainsSubstring("200 OK"));
}

TEST_CASE("raw lines are sent as they are", "[origin]") {
  Origin origin;
  std::string response = raw_get(origin.port(), "/header?line=X-A:%20%00%1b%ff&size=1");
  CHECK_THAT(response, ContainsSubstring(std::string("X-A: \0\x1b\xff\r\n", 10)));
  CHECK_THAT(raw_get(origin.port(), "/status-line?line=HTTP/3.7%20099"),
             ContainsSubstring("HTTP/3.7 099\r\n"));
}

TEST_CASE("pages can be put, whole responses too", "[origin]") {
  Origin origin;
  origin.put("/robots.txt", "Disallow: /private");
  origin.put_raw("/odd", "HTTP/1.1 299 Odd\r\nContent-Length: 1\r\n\r\nx");
  CHECK(body_of(raw_get(origin.port(), "/robots.txt")) == "Disallow: /private");
  CHECK(raw_get(origin.port(), "/odd") == "HTTP/1.1 299 Odd\r\nContent-Length: 1\r\n\r\nx");
  CHECK(origin.requests() == 2);
}

TEST_CASE("a slow answer takes its time, others do not wait for it", "[origin]") {
  Origin origin;
  RawClient slow(origin.port());
  auto start = std::chrono::steady_clock::now();
  slow.get("/slow?ms=200&size=5");
  CHECK(body_of(raw_get(origin.port(), "/ok?size=5")).size() == 5);
  CHECK(body_of(slow.read_response()).size() == 5);
  CHECK(std::chrono::steady_clock::now() - start >= 200ms);
}

TEST_CASE("an endless body flows until the client goes, and others are served", "[origin]") {
  Origin origin;
  {
    RawClient endless(origin.port());
    endless.get("/endless-body");
    CHECK_THAT(endless.read_until("no end in sight"), ContainsSubstring("200 OK"));
    CHECK(body_of(raw_get(origin.port(), "/ok?size=5")).size() == 5);
    CHECK(origin.counts("/endless-body").now == 1);
  }
  // The origin notices when it next writes or reads.
  while (origin.counts("/endless-body").now > 0) CHECK(origin.requests() >= 1);
}

TEST_CASE("several addresses share one port", "[origin]") {
  Origin origin({.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"}, .certificate = {}});
  RawClient client(origin.port(), "127.0.0.3");
  client.get("/ok?size=2", "Connection: close\r\n");
  CHECK(body_of(client.read_to_end()).size() == 2);
}

TEST_CASE("every behaviour answers or fails in its own way without harm to the origin",
          "[origin]") {
  Origin origin;
  std::string list = body_of(raw_get(origin.port(), "/"));
  std::size_t tried = 0;
  for (std::size_t at = 0; at < list.size(); at = list.find('\n', at) + 1) {
    std::string name = list.substr(at, list.find(' ', at) - at);
    if (name == "STORE") continue;
    RawClient client(origin.port());
    client.get(name + "?mb=1&bytes=10&n=3&ms=1&log=20&size=50");
    if (name.find("hang") == std::string::npos) client.read_until("\n");
    ++tried;
  }
  CHECK(tried > 80);
  CHECK(body_of(raw_get(origin.port(), "/ok?size=5")).size() == 5);
}
