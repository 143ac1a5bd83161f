#include "fetch/url.h"

#include <curl/curl.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace fetchpool::engine {

namespace {

using namespace std::string_literals;

// The normalised text, or "OUTCOME: reason".
std::string outcome_text(const std::variant<Url, UrlError>& parsed) {
  if (const Url* url = std::get_if<Url>(&parsed)) return url->text;
  const UrlError& error = std::get<UrlError>(parsed);
  return std::string(name(error.outcome)) + ": " + error.reason;
}

Url good(std::string_view input, UrlRules rules = {}) {
  const std::variant<Url, UrlError> parsed = parse_url(input, rules);
  INFO(outcome_text(parsed));
  REQUIRE(std::holds_alternative<Url>(parsed));
  return std::get<Url>(parsed);
}

struct Row {
  std::string input;
  std::string expected;
};

void check_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.input) {
      CHECK(outcome_text(parse_url(row.input)) == row.expected);
    }
  }
}

void check_refused(const std::vector<Row>& rows, const std::string& outcome) {
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.input) {
      const std::string text = outcome_text(parse_url(row.input));
      CHECK_THAT(text, ContainsSubstring(outcome + ": "));
      CHECK_THAT(text, ContainsSubstring(row.expected));
    }
  }
}

// How libcurl, which makes the request, writes the same URL.
std::string as_libcurl_writes(const std::string& text) {
  CURLU* url = curl_url();
  char* written = nullptr;
  std::string result = "refused";
  if (curl_url_set(url, CURLUPART_URL, text.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_URL, &written, 0) == CURLUE_OK) {
    result = written;
  }
  curl_free(written);
  curl_url_cleanup(url);
  return result;
}

void check_promises(const Url& url) {
  CHECK(url.text.find_first_of("#\\ \t") == std::string::npos);
  for (const char c : url.text) CHECK((c > 32 && c < 127));
  CHECK(outcome_text(parse_url(url.text)) == url.text);
  CHECK(good(url.text).origin() == url.origin());
  CHECK(as_libcurl_writes(url.text) == url.text);
}

}  // namespace

TEST_CASE("a URL is written in one way", "[url]") {
  check_all({
      {"HTTP://EXAMPLE.com/A", "http://example.com/A"},
      {"  http://h/x\t ", "http://h/x"},
      {"http://h", "http://h/"},
      {"http://h?q=1", "http://h/?q=1"},
      {"http://h/?", "http://h/"},
      {"http://h/a#frag?no", "http://h/a"},
      {"http://pub#@10.1.2.3/", "http://pub/"},
      {"http://h:/", "http://h/"},
      {"http://h:80/", "http://h/"},
      {"http://h:080/", "http://h/"},
      {"https://h:443/", "https://h/"},
      {"https://h:80/", "https://h:80/"},
      {"http://h:0/", "http://h:0/"},
      {"http://h:65535/", "http://h:65535/"},
      {"http://h/a//b", "http://h/a//b"},
      {"http://h.example./", "http://h.example./"},
  });
}

TEST_CASE("dot segments are resolved, also encoded ones", "[url]") {
  check_all({
      {"http://h/../../final", "http://h/final"},
      {"http://h/a/./b/../c", "http://h/a/c"},
      {"http://h/a/%2e%2E/b", "http://h/b"},
      {"http://h/a/.%2e/b", "http://h/b"},
      {"http://h/%2e", "http://h/"},
      {"http://h/a/..", "http://h/"},
      {"http://h/a/b/.", "http://h/a/b/"},
      {"http://h/a//../b", "http://h/a/b"},
      {"http://h/.//x", "http://h//x"},
      {"http://h/a/.../b", "http://h/a/.../b"},
      {"http://h/.well-known/x", "http://h/.well-known/x"},
      {"http://h/a/..%2fb", "http://h/a/..%2fb"},
      {"http://h/a?x=/../y", "http://h/a?x=/../y"},
  });
}

TEST_CASE("what no request line can have is percent-encoded, all else sent as it stands", "[url]") {
  check_all({
      {"http://h/a b?c d", "http://h/a%20b?c%20d"},
      {"http://h/b\xc3\xbc?\xc3\xa4", "http://h/b%C3%BC?%C3%A4"},
      {"http://h/\xff\xfe", "http://h/%FF%FE"},
      {"http://h/a\\b?c\\d", "http://h/a%5Cb?c%5Cd"},
      {"http://h/{a,b}[1-3]|^`\"<>", "http://h/{a,b}[1-3]|^`\"<>"},
      {"http://h/?{a}[1]|^`'<>", "http://h/?{a}[1]|^`'<>"},
      {"http://h/%00%0d%0a", "http://h/%00%0d%0a"},
      {"http://h/%zz%", "http://h/%zz%"},
  });
}

TEST_CASE("addresses are written in one way, so that checks see what is asked", "[url]") {
  check_all({
      {"http://127.1/", "http://127.0.0.1/"},
      {"http://0x7f.1/", "http://127.0.0.1/"},
      {"http://0x7f000001/", "http://127.0.0.1/"},
      {"http://2130706433/", "http://127.0.0.1/"},
      {"http://0177.0.0.1/", "http://127.0.0.1/"},
      {"http://017700000001/", "http://127.0.0.1/"},
      {"http://0/", "http://0.0.0.0/"},
      {"http://%31%32%37.0.0.1/", "http://127.0.0.1/"},
      {"http://%30.1/", "http://0.0.0.1/"},
      {"http://%313/", "http://0.0.0.13/"},
      {"http://[::1]/", "http://[::1]/"},
      {"http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080/"},
      {"http://[FE80::A]/", "http://[fe80::a]/"},
      {"http://[1::2:3:4:5:6:7]/", "http://[1:0:2:3:4:5:6:7]/"},
      {"http://[::ffff:a01:203]/", "http://[::ffff:10.1.2.3]/"},
      {"http://[::ffff:127.0.0.1]/", "http://[::ffff:127.0.0.1]/"},
      {"http://[fe80::1%25lo]/", "http://[fe80::1%25lo]/"},
      {"http://[fe80::1%lo]/", "http://[fe80::1%25lo]/"},
  });
}

TEST_CASE("names that only a name server can refuse are left to it", "[url]") {
  for (const std::string& host :
       {"-"s, "...."s, "a..b"s, "xn--"s, "256.256.256.256"s, "1.2.3.4.5"s, "a_b"s,
        std::string(300, 'a'), std::string(60, 'b') + "." + std::string(60, 'c')}) {
    DYNAMIC_SECTION(host) {
      CHECK(good("http://" + host + "/").host() == host);
    }
  }
}

TEST_CASE("international names take their ASCII form in any locale", "[url]") {
  check_all({
      {"http://b\xc3\xbc"
       "cher.de/",
       "http://xn--bcher-kva.de/"},
      {"http://B\xc3\x9c"
       "CHER.de/",
       "http://xn--bcher-kva.de/"},
      {"http://%c3%bc.de/", "http://xn--tda.de/"},
      {"http://fa\xc3\x9f.de/", "http://xn--fa-hia.de/"},
      {"http://\xef\xbc\xa5\xef\xbc\xb8.de/", "http://ex.de/"},
  });
}

TEST_CASE("international names that are none are refused", "[url]") {
  check_refused(
      {{"http://a\xff.de/", "international"},
       {"http://xn--a\xc3\xbc.de/", "international"},
       {"http://-\xc3\xbc-.de/", "international"},
       {"http://\xc2\xad.de/", "international"},
       {"http://\xe2\x84\x80.de/", "international"},
       {"http://a\xef\xbc\x8f"
        "b.de/",
        "international"},
       {"http://\xef\xbc\x85\xef\xbc\x92\xef\xbc\x90.de/", "international"},
       // circled digits of 127.0.0.1
       {"http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.\xe2\x93\xaa.\xe2\x93\xaa.\xe2\x91\xa0/",
        "disguise"}},
      "bad_url");
}

TEST_CASE("international names can be read on many threads at once", "[url]") {
  std::vector<std::thread> threads;
  std::vector<std::string> texts(4);
  for (std::string& text : texts) {
    threads.emplace_back([&text] {
      for (int i = 0; i < 200; ++i) text = outcome_text(parse_url("http://b\xc3\xbc.de/"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) CHECK(text == "http://xn--b-eha.de/");
}

TEST_CASE("a refused URL says what is wrong with it", "[url]") {
  check_refused({{"", "empty"},
                 {"   ", "empty"},
                 {"example.com", "--default-scheme"},
                 {"example.com:8080/x", "--default-scheme"},
                 {"localhost:80", "--default-scheme"},
                 {"//host/path", "--default-scheme"},
                 {"/path", "--default-scheme"},
                 {"://h/", "--default-scheme"},
                 {"http:///final", "no host"},
                 {"http://", "no host"},
                 {"http://?q", "no host"},
                 {"http://#f", "no host"},
                 {"http://:80/", "no host"},
                 {"http:/h/x", "two slashes"},
                 {"http:h/x", "two slashes"},
                 {"http:\\\\h/x", "two slashes"},
                 {"http:////x", "no host"},
                 {"http://h\\@x/", "backslash"},
                 {"http://u:p@h/", "user name"},
                 {"http://@h/", "user name"},
                 {"http://user:pw@pub:18210@10.1.2.3/", "user name"},
                 {"http://a b/", "blank"},
                 {"http://a\tb/", "control byte (0x09)"},
                 {"http://h/\x01", "control byte (0x01) at position 10"},
                 {"http://h/a\r\nX: y", "control byte (0x0d)"},
                 {"http://h/\x7f", "control byte (0x7f)"},
                 {"http://h/\x1b]0;pwn\x07", "control byte (0x1b)"},
                 {"http://h/\0x"s, "control byte (0x00)"},
                 {"http://h%00/", "characters"},
                 {"http://h%20x/", "characters"},
                 {"http://h%2fx/", "characters"},
                 {"http://h%40x/", "characters"},
                 {"http://h%5cx/", "characters"},
                 {"http://h%3a80/", "characters"},
                 {"http://%5b1%5d/", "characters"},
                 {"http://h%2530/", "characters"},
                 {"http://h%23/", "characters"},
                 {"http://h%/", "characters"},
                 {"http://a|b/", "characters"},
                 {"http://a{b}/", "characters"},
                 {"http://h:99999/", "port"},
                 {"http://h:+80/", "port"},
                 {"http://h:-1/", "port"},
                 {"http://h:80:90/", "port"},
                 {"http://h:99999999999999999999/", "port"},
                 {"http://[::1/", "IPv6"},
                 {"http://[]/", "IPv6"},
                 {"http://[::1]x/", "IPv6"},
                 {"http://[v1.a]/", "IPv6"}},
                "bad_url");
}

TEST_CASE("only http and https are fetched", "[url]") {
  check_refused({{"file:///etc/passwd", "http and https"},
                 {"ftp://127.0.0.1/", "http and https"},
                 {"gopher://127.0.0.1/_x", "http and https"},
                 {"dict://h/", "http and https"},
                 {"javascript:alert(1)", "http and https"},
                 {"mailto:a@b", "http and https"},
                 {"data:text/plain,hi", "http and https"},
                 {"view-source:http://h/", "http and https"}},
                "unsupported_scheme");
}

TEST_CASE("a URL of 64 KiB is the longest, also when encoded", "[url]") {
  const std::string start = "http://h/";
  CHECK(good(start + std::string(kMaxUrlBytes - start.size(), 'a')).text.size() == kMaxUrlBytes);
  CHECK_THAT(outcome_text(parse_url(start + std::string(kMaxUrlBytes, 'a'))),
             ContainsSubstring("bad_url: the URL is longer"));
  CHECK_THAT(outcome_text(parse_url(start + std::string(kMaxUrlBytes / 2, ' ') + "a")),
             ContainsSubstring("bad_url: the URL is longer"));
}

TEST_CASE("userinfo is used where allowed, and stands in no text", "[url]") {
  const Url url = good("http://us%40er:p%3Aw:x@h/a", {.allow_userinfo = true});
  CHECK(url.text == "http://h/a");
  CHECK(url.credentials == Credentials{"us@er", "p:w:x"});
  CHECK(good("http://u@h/", {.allow_userinfo = true}).credentials == Credentials{"u", ""});
  for (const char* input :
       {"http://u:se@cret@h/", "http://u:secret%00@h/", "http://secret%0a@h/"}) {
    const std::string text = outcome_text(parse_url(input, {.allow_userinfo = true}));
    CHECK_THAT(text, ContainsSubstring("bad_url"));
    CHECK_THAT(text, !ContainsSubstring("cret"));
  }
}

TEST_CASE("the origin has no default port", "[url]") {
  CHECK(good("http://H:80/x").origin() == "http://h");
  CHECK(good("https://h/x").origin() == "https://h");
  CHECK(good("http://h:443?x").origin() == "http://h:443");
  CHECK(good("https://[::1]:8443/x").origin() == "https://[::1]:8443");
  CHECK(good("http://h./").origin() != good("http://h/").origin());
  CHECK(good("https://h/").is_https());
  CHECK_FALSE(good("http://h/").is_https());
}

TEST_CASE("references are resolved as RFC 3986 section 5.4 has it", "[url]") {
  const Url base = good("http://a/b/c/d;p?q");
  const std::vector<Row> rows{
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {"g?y#s", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"https://h:443/x", "https://h/x"},
      {"HTTP://H/x", "http://h/x"},
      {"?", "http://a/b/c/d;p"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.input) {
      CHECK(outcome_text(resolve(base, row.input)) == row.expected);
    }
  }
}

TEST_CASE("references from servers are encoded or refused like any URL", "[url]") {
  const Url base = good("http://a:81/b/c?q");
  const std::vector<Row> rows{
      {" a b ", "http://a:81/b/a%20b"},
      {"\xc3\xbc?\xff", "http://a:81/b/%C3%BC?%FF"},
      {"/\\evil.example/", "http://a:81/%5Cevil.example/"},
      {"\\\\evil.example/", "http://a:81/b/%5C%5Cevil.example/"},
      {"//h\\@x/", "bad_url: the URL has a backslash before its path"},
      {"///x", "bad_url: the URL has no host"},
      {"http:x", "bad_url: two slashes must follow \"http:\""},
      {"//u:p@h/",
       "bad_url: the URL has a user name before its host, which is refused without "
       "--allow-userinfo"},
      {"/\x01", "bad_url: the URL has a control byte (0x01) at position 2"},
      {"//h:99999/", "bad_url: the port is not a number from 0 to 65535"},
      {"mailto:x@y", "unsupported_scheme: only http and https are fetched"},
      {"file:///etc/passwd", "unsupported_scheme: only http and https are fetched"},
      {"localhost:80/x", "unsupported_scheme: only http and https are fetched"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.input) {
      CHECK(outcome_text(resolve(base, row.input)) == row.expected);
    }
  }
}

TEST_CASE("credentials stay with their origin", "[url]") {
  const Url base = good("http://u:p@a/b", {.allow_userinfo = true});
  const auto credentials = [&](std::string_view reference) {
    return std::get<Url>(resolve(base, reference)).credentials;
  };
  for (const char* same : {"c", "/c", "//a/c", "http://a:80/c", "HTTP://A/"}) {
    CHECK(credentials(same) == base.credentials);
  }
  for (const char* other : {"//b/c", "http://a:81/", "https://a/", "http://a./"}) {
    CHECK_FALSE(credentials(other));
  }
}

TEST_CASE("messages show no userinfo, not even of what is no URL", "[url]") {
  const std::vector<Row> rows{
      {"http://u:p@h/x@y", "http://***@h/x@y"},
      {"http://h/x@y?z@w", "http://h/x@y?z@w"},
      {"http://h:80/x@y", "http://h:80/x@y"},
      {"http://[::1]:80/x@y", "http://[::1]:80/x@y"},
      {"u:p@h/x", "***@h/x"},
      {"//u:p@h/x", "//***@h/x"},
      {"http:/u:p@h/x", "http:/***@h/x"},
      {"http:u:p@h/x", "***@h/x"},
      {"http:\\\\u:p@h/x", "http:\\\\***@h/x"},
      {"http:////u:p@h", "http:////***@h"},
      {"http://u:a@b@h/", "http://***@h/"},
      {"http://u:a/b@h/", "http://***@h/"},
      {"http://u:a#b@h/", "http://***@h/"},
      {"http://u:a?b@c/d@h/", "http://***@h/"},
      {"ftp://u:p@h/", "ftp://***@h/"},
      {"", ""},
      {":", ":"},
      {"http://", "http://"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.input) {
      std::string shown = without_secrets(row.input);
      CHECK(shown == row.expected);
      CHECK(has_userinfo(row.input) == (shown.find("***@") != std::string::npos));
      CHECK(has_userinfo(shown) == has_userinfo(row.input));
    }
  }
}

TEST_CASE("whatever is parsed parses to itself, and libcurl agrees", "[url]") {
  for (const char* input :
       {"HTTP://EXAMPLE.com:080/a/../b?c d#e", "http://127.1", "http://[FE80::A%25Eth0]:81/\\",
        "http://b\xc3\xbc"
        "cher.de./\xff",
        "http://h/.//..//a", "http://h:0", "http://0x/?"}) {
    DYNAMIC_SECTION(input) {
      check_promises(good(input));
    }
  }
}

// Pieces of URLs and random bytes, in random order.
class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::string next() {
    static const std::vector<std::string> kPieces{
        "http://", "https:", "//", "/", "..",   "%2e", "@",    ":",  "[",   "]",
        "::1",     "%25",    "?",  "#", "\\",   " ",   "127.", "0x", "%00", "\xc3\xbc",
        "\xff",    "a",      "B",  ".", "xn--", "%",   "80",   "\t", "h",   "\xe2\x84\x80"};
    std::string text = below(4) == 0 ? "" : "http://h";
    for (std::size_t count = below(12); count > 0; --count) {
      text += below(4) == 0 ? std::string(1, static_cast<char>(below(256)))
                            : kPieces[below(kPieces.size())];
    }
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::mt19937 random_;
};

TEST_CASE("random bytes are refused or become URLs that keep all promises", "[url]") {
  RandomText text(20240607);
  const Url base = good("http://base/dir/file?query");
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string input = text.next();
    without_secrets(input);
    for (const auto& parsed :
         {parse_url(input), parse_url(input, {.allow_userinfo = true}), resolve(base, input)}) {
      const Url* url = std::get_if<Url>(&parsed);
      if (!url) continue;
      ++accepted;
      const bool kept = outcome_text(parse_url(url->text)) == url->text &&
                        as_libcurl_writes(url->text) == url->text;
      if (kept) continue;
      INFO(input);
      check_promises(*url);
    }
  }
  CHECK(accepted > 5000);
}

}  // namespace fetchpool::engine
