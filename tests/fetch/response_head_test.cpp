#include "fetch/response_head.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace fetchpool::engine {

namespace {

using namespace std::string_literals;
using Verdict = ResponseHead::Verdict;

// Feeds the text line by line until a verdict is not ok.
Verdict feed(ResponseHead& head, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const Verdict verdict = head.line(text.substr(0, end));
    if (verdict != Verdict::ok) return verdict;
    text.remove_prefix(end);
  }
  return Verdict::ok;
}

struct Fed {
  ResponseHead head;
  Verdict verdict;
};

Fed fed(std::string_view text, HeadLimits limits = {}) {
  Fed result{ResponseHead(limits), Verdict::ok};
  result.verdict = feed(result.head, text);
  return result;
}

// A whole head with these headers.
Fed with_headers(const std::string& headers) {
  return fed("HTTP/1.1 200 OK\r\n" + headers + "\r\n");
}

void check_protocol(const Fed& result) {
  CHECK(result.verdict == Verdict::protocol);
  CHECK_FALSE(result.head.reason().empty());
}

}  // namespace

TEST_CASE("an ordinary head is read", "[response_head]") {
  const std::string text =
      "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: text/html \r\nX-Empty:\r\n"
      "content-length:\t12\r\n\r\n";
  const Fed result = fed(text);
  const ResponseHead& head = result.head;
  CHECK(result.verdict == Verdict::ok);
  CHECK(head.complete());
  CHECK(head.status() == 200);
  CHECK(head.version() == "1.1");
  CHECK(head.content_type() == "text/html");
  CHECK(head.content_length().state == ContentLength::State::valid);
  CHECK(head.content_length().value == 12);
  CHECK_FALSE(head.chunked());
  CHECK(head.raw() == text);
  CHECK(head.size() == text.size());
  CHECK(head.headers() == std::vector<HeaderLine>{{"Server", "s"},
                                                  {"Content-Type", "text/html"},
                                                  {"X-Empty", ""},
                                                  {"content-length", "12"}});
  CHECK(head.value("SERVER") == "s");
  CHECK(head.value("server") == "s");
  CHECK(head.value("x-empty") == "");
}

TEST_CASE("status lines are read or refused", "[response_head]") {
  struct Row {
    std::string line;
    int status;
    std::string version;
  };
  const std::vector<Row> rows{
      {"HTTP/1.1 200 OK\r\n", 200, "1.1"}, {"HTTP/1.0 404 Not Found\r\n", 404, "1.0"},
      {"HTTP/1.1 200\r\n", 200, "1.1"},    {"HTTP/1.1 200 \r\n", 200, "1.1"},
      {"HTTP/2 200 \r\n", 200, "2"},       {"HTTP/2 200\n", 200, "2"},
      {"HTTP/1.1 999 x\r\n", 999, "1.1"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.line) {
      const Fed result = fed(row.line + "\r\n");
      CHECK(result.verdict == Verdict::ok);
      CHECK(result.head.status() == row.status);
      CHECK(result.head.version() == row.version);
    }
  }
  for (const char* line :
       {"HTTP/1.1 099 x\r\n", "HTTP/1.1 2000 x\r\n", "HTTP/1.1 -12 x\r\n", "HTTP/3.7 200 OK\r\n",
        "HTTP/1.1 20x OK\r\n", "HTTP/1.1\r\n", "HTTP/1.1  200 OK\r\n", "ICY 200 OK\r\n",
        "http/1.1 200 OK\r\n", "<html>\r\n", "\r\n", "Server: x\r\n", "HTTP/1.1 +20 OK\r\n"}) {
    DYNAMIC_SECTION(line) {
      check_protocol(fed(line));
    }
  }
}

TEST_CASE("1xx responses are passed over", "[response_head]") {
  const Fed result =
      fed("HTTP/1.1 100 Continue\r\n\r\n"
          "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: nonsense\r\n folded\r\n\r\n"
          "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
  CHECK(result.verdict == Verdict::ok);
  CHECK(result.head.complete());
  CHECK(result.head.status() == 200);
  CHECK(result.head.headers() == std::vector<HeaderLine>{{"A", "b"}});
  CHECK(result.head.raw() == "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
  CHECK(result.head.content_length().state == ContentLength::State::none);
}

TEST_CASE("a 101 that nobody asked for is not HTTP", "[response_head]") {
  check_protocol(fed("HTTP/1.1 101 Switching Protocols\r\n"));
}

TEST_CASE("a head without its blank line is not complete", "[response_head]") {
  for (const char* text :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\nContent-Le"}) {
    DYNAMIC_SECTION(text) {
      CHECK_FALSE(fed(text).head.complete());
    }
  }
  CHECK(fed("HTTP/1.1 200 OK\nA: b\n\n").head.complete());
}

TEST_CASE("header lines that are none are not HTTP", "[response_head]") {
  for (const std::string& line : {"no colon\r\n"s, ": no name\r\n"s, "A: b\0c\r\n"s,
                                  " folds nothing\r\n"s, "\r\r\n"s, "HTTP/1.1 200 OK\r\n"s}) {
    DYNAMIC_SECTION(line) {
      check_protocol(with_headers(line));
      check_protocol(fed("HTTP/1.1 103 Early Hints\r\n" + line));
    }
  }
}

TEST_CASE("strange bytes in values are kept", "[response_head]") {
  const Fed result = with_headers("A: x\ry\r\nB: \x1b]0;\xff\r\nC: d : e\r\n");
  CHECK(result.verdict == Verdict::ok);
  CHECK(result.head.value("a") == "x\ry");
  CHECK(result.head.value("b") == "\x1b]0;\xff");
  CHECK(result.head.value("c") == "d : e");
}

TEST_CASE("a name with a blank before its colon is another name", "[response_head]") {
  const Fed result = with_headers("Transfer-Encoding : chunked\r\n");
  CHECK(result.verdict == Verdict::ok);
  CHECK_FALSE(result.head.chunked());
}

TEST_CASE("folded lines make one value", "[response_head]") {
  const Fed result = with_headers(
      "A: one\r\n two\r\n\t three \r\nLocation:\r\n /x\r\nB: b\r\nContent-Length: 1,\r\n 1\r\n");
  CHECK(result.verdict == Verdict::ok);
  CHECK(result.head.headers() ==
        std::vector<HeaderLine>{
            {"A", "one two three"}, {"Location", "/x"}, {"B", "b"}, {"Content-Length", "1, 1"}});
  CHECK(result.head.content_length().value == 1);
}

TEST_CASE("repeated headers are found as the last one, as all, or as a list", "[response_head]") {
  const Fed result = with_headers(
      "Location: /a\r\nlocation: /b\r\nContent-Encoding: gzip\r\nContent-encoding: br\r\n"
      "Content-Type: a/b\r\nContent-Type: c/d\r\nRetry-After: 5\r\n");
  CHECK(result.head.locations() == std::vector<std::string_view>{"/a", "/b"});
  CHECK(result.head.content_encoding() == "gzip, br");
  CHECK(result.head.content_type() == "c/d");
  CHECK(result.head.retry_after() == "5");
  CHECK(fed("").head.locations().empty());
  CHECK(fed("").head.retry_after() == std::nullopt);
}

TEST_CASE("Content-Length is a number", "[response_head]") {
  struct Row {
    std::string headers;
    std::uint64_t value;
  };
  const std::vector<Row> valid{
      {"Content-Length: 0\r\n", 0},
      {"Content-Length: 2, 2\r\n", 2},
      {"Content-Length: 2\r\nContent-Length: 02\r\n", 2},
      {"Content-Length: 9223372036854775807\r\n", 9223372036854775807u},
      {"Content-Length: 5368709120\r\n", 5368709120u},
  };
  for (const Row& row : valid) {
    DYNAMIC_SECTION(row.headers) {
      const Fed result = with_headers(row.headers);
      CHECK(result.verdict == Verdict::ok);
      CHECK(result.head.content_length().state == ContentLength::State::valid);
      CHECK(result.head.content_length().value == row.value);
    }
  }
  for (const char* value : {"", "-5", "0x2", "2x", "2 2", "2,", "+2", "99999999999999999999999"}) {
    DYNAMIC_SECTION("invalid: " << value) {
      check_protocol(with_headers("Content-Length: "s + value + "\r\n"));
      check_protocol(with_headers("Content-Length: 2\r\nContent-Length: "s + value + "\r\n"));
    }
  }
}

TEST_CASE("Content-Lengths that differ are known to conflict", "[response_head]") {
  for (const char* headers : {"Content-Length: 2\r\nContent-Length: 3\r\n",
                              "Content-Length: 2, 3\r\n", "Content-Length: 2, 3, 2\r\n"}) {
    DYNAMIC_SECTION(headers) {
      const Fed result = with_headers(headers);
      CHECK(result.verdict == Verdict::ok);
      CHECK(result.head.content_length().state == ContentLength::State::conflicting);
    }
  }
}

TEST_CASE("Transfer-Encoding tells whether the body comes in chunks", "[response_head]") {
  struct Row {
    std::string headers;
    bool chunked;
  };
  const std::vector<Row> rows{
      {"Transfer-Encoding: chunked\r\n", true},
      {"transfer-encoding: identity, Chunked\r\n", true},
      {"Transfer-Encoding: identity\r\n", false},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", true},
      {"", false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.headers) {
      const Fed result = with_headers(row.headers);
      CHECK(result.verdict == Verdict::ok);
      CHECK(result.head.chunked() == row.chunked);
    }
  }
  check_protocol(with_headers("Transfer-Encoding: foo\r\n"));
  check_protocol(with_headers("Transfer-Encoding: gzip, chunked\r\n"));
  check_protocol(with_headers("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"));
  check_protocol(with_headers("Transfer-Encoding: foo, chunked\r\n"));
}

TEST_CASE("trailers count but change nothing", "[response_head]") {
  Fed result = with_headers("Transfer-Encoding: chunked\r\n");
  const std::string raw(result.head.raw());
  CHECK(feed(result.head, "Content-Type: evil\r\nHTTP/1.1 404 x\r\nno colon\r\n\r\n") ==
        Verdict::ok);
  CHECK(result.head.status() == 200);
  CHECK(result.head.content_type().empty());
  CHECK(result.head.raw() == raw);
  CHECK(result.head.complete());
  CHECK(result.head.size() > raw.size());
}

TEST_CASE("header bytes and lines have limits", "[response_head]") {
  const std::string start = "HTTP/1.1 200 OK\r\n";
  const auto endless = [](ResponseHead& head, std::string_view text) {
    for (int i = 0; i < 1'000'000; ++i) {
      const Verdict verdict = feed(head, text);
      if (verdict != Verdict::ok) return verdict;
    }
    return Verdict::ok;
  };
  SECTION("one header of 99 KB fits, one of 300 KB does not") {
    CHECK(with_headers("A: " + std::string(99'000, 'a') + "\r\n").verdict == Verdict::ok);
    CHECK(with_headers("A: " + std::string(300'000, 'a') + "\r\n").verdict == Verdict::too_large);
  }
  SECTION("10 000 headers") {
    Fed result = fed(start);
    CHECK(endless(result.head, "A: b\r\n") == Verdict::too_large);
    CHECK_THAT(result.head.reason(), ContainsSubstring("1000 header lines"));
  }
  SECTION("endless 100 and 103") {
    for (const char* text :
         {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"}) {
      ResponseHead head;
      CHECK(endless(head, text) == Verdict::too_large);
    }
  }
  SECTION("endless trailers") {
    Fed result = with_headers("Transfer-Encoding: chunked\r\n");
    CHECK(endless(result.head, "A: b\r\n") == Verdict::too_large);
  }
  SECTION("folded lines count") {
    Fed result = fed(start + "A: b\r\n");
    CHECK(endless(result.head, " c\r\n") == Verdict::too_large);
  }
  SECTION("the limits themselves are allowed") {
    const std::string text = start + "A: b\r\nC: d\r\n\r\n";
    CHECK(fed(text, {text.size(), 3}).verdict == Verdict::ok);
    CHECK(fed(text, {text.size() - 1, 3}).verdict == Verdict::too_large);
    CHECK(fed(text, {text.size(), 2}).verdict == Verdict::too_large);
  }
  SECTION("0 is no limit") {
    ResponseHead head({0, 0});
    CHECK(feed(head, start) == Verdict::ok);
    for (int i = 0; i < 100'000; ++i) REQUIRE(head.line("A: bcdef\r\n") == Verdict::ok);
  }
}

TEST_CASE("a head is used again as if it were new", "[response_head]") {
  Fed result = with_headers("Content-Length: 5\r\nTransfer-Encoding: chunked\r\nA: b\r\n c\r\n");
  result.head.reset();
  CHECK(result.head.status() == 0);
  CHECK(result.head.version().empty());
  CHECK(result.head.size() == 0);
  CHECK(result.head.raw().empty());
  CHECK_FALSE(result.head.complete());
  CHECK(feed(result.head, "HTTP/1.0 404 x\r\nB: c\r\n\r\n") == Verdict::ok);
  CHECK(result.head.status() == 404);
  CHECK(result.head.headers() == std::vector<HeaderLine>{{"B", "c"}});
  CHECK_FALSE(result.head.chunked());
  CHECK(result.head.content_length().state == ContentLength::State::none);
}

}  // namespace fetchpool::engine
