#include "fetch/archived_http.h"

#include "support/catch.h"

namespace fetchpool::archive {
namespace {

TEST_CASE("a request is archived as it was sent", "[warc]") {
  std::string sent =
      "GET /a?b HTTP/1.1\r\nHost: example.com\r\nUser-Agent: me/1\r\nAccept: */*\r\n\r\n";
  CHECK(archived_request(sent) == sent);
}

TEST_CASE("of a request header that may be a secret only the name is archived", "[warc]") {
  CHECK(archived_request("GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\nCOOKIE: a=secret\r\n"
                         "Host: a\r\nX-Anything: secret\r\n\r\n") ==
        "GET / HTTP/1.1\r\nAuthorization: [redacted]\r\nCOOKIE: [redacted]\r\n"
        "Host: a\r\nX-Anything: [redacted]\r\n\r\n");
}

TEST_CASE("messages of later protocols are archived in the form of HTTP/1.1", "[warc]") {
  CHECK(archived_request("GET /HTTP/2 HTTP/2\r\nHost: a\r\n\r\n") ==
        "GET /HTTP/2 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(archived_response("HTTP/2 200 \r\ncontent-length: 2\r\n\r\n", {.size = 2}) ==
        "HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\n");
  CHECK(archived_response("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n", {.size = 2}) ==
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n");
}

TEST_CASE("a response whose headers hold is archived byte by byte", "[warc]") {
  std::string head =
      "HTTP/1.1 200\r\nX: \x01\xff\r,\r\n  folded\r\nContent-Length:5 \r\nx: again\r\n\r\n";
  CHECK(archived_response(head, {.size = 5}) == head);
}

TEST_CASE("lines of a response end with CR and LF in an archive", "[warc]") {
  CHECK(archived_response("HTTP/1.1 200\nA: b\nContent-Length: 5\n\n", {.size = 5}) ==
        "HTTP/1.1 200\r\nA: b\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("headers that no longer hold are renamed, and the length is told", "[warc]") {
  CHECK(archived_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n",
                          {.size = 7}) ==
        "HTTP/1.1 200 OK\r\nX-Crawler-Transfer-Encoding: chunked\r\nA: b\r\n"
        "Content-Length: 7\r\n\r\n");
  CHECK(archived_response(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip,\r\n br\r\ncontent-length: 3\r\n\r\n",
            {.size = 70, .decoded = true}) ==
        "HTTP/1.1 200 OK\r\nX-Crawler-content-encoding: gzip,\r\n br\r\n"
        "X-Crawler-content-length: 3\r\nContent-Length: 70\r\n\r\n");
}

TEST_CASE("a body that was not decoded keeps its coding", "[warc]") {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n";
  CHECK(archived_response(head, {.size = 3}) == head);
}

TEST_CASE("one true length is kept of several", "[warc]") {
  CHECK(
      archived_response(
          "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
          {.size = 5}) ==
      "HTTP/1.1 200 OK\r\nX-Crawler-Content-Length: 4\r\nContent-Length: 5\r\n"
      "X-Crawler-Content-Length: 5\r\n\r\n");
}

TEST_CASE("a response that has no body gets no length", "[warc]") {
  CHECK(archived_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
                          {.size = 0, .expected = false}) ==
        "HTTP/1.1 304 Not Modified\r\nX-Crawler-Content-Length: 9\r\n\r\n");
}

}  // namespace
}  // namespace fetchpool::archive
