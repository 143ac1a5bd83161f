// The catalogue of bad input: what stands in lists.
#include "program/catalogue.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using CatalogueRows = std::vector<CatalogueRow>;

TEST_CASE("catalogue 001 to 012: lists as people and programs leave them") {
  Origin origin;
  std::string ok = origin.url("/ok");
  struct List {
    const char* number;
    std::string text;
    std::vector<std::string> outcomes;
  };
  std::string long_line = ok + "?" + std::string(65536, 'x');
  for (const List& list : std::vector<List>{
           {"001", "", {}},
           {"002", "\n  \n# comment\n\t\n#\n", {}},
           {"003", ok + "\n" + ok, {"ok", "ok"}},
           {"004", ok + "\r\n" + ok + "\r\n", {"ok", "ok"}},
           {"005", "\xef\xbb\xbf" + ok + "\n", {"ok"}},
           {"006", "  " + ok + " \t\n", {"ok"}},
           {"007", ok + std::string("\0x", 2) + "\n" + ok + "\n", {"bad_url", "ok"}},
           {"008", long_line + "\n" + ok + "\n", {"bad_url", "ok"}},
           {"010", origin.url("/ok/\xff\xfe") + "\n" + ok + "\n", {"ok", "ok"}},
           {"011", origin.url("/\x1b]0;pwn\x07") + "\n" + ok + "\n", {"bad_url", "ok"}},
           {"012", ok + "\n" + ok + "\n" + ok + "\n", {"ok", "ok", "ok"}},
       }) {
    INFO("row " << list.number);
    Finished done = fetchpool({"-vv"}).stdin_text(list.text).run();
    std::vector<Record> records = read_records(done.out);
    std::vector<std::string> outcomes;
    for (const Record& record : records) outcomes.push_back(record.outcome);
    CHECK(outcomes == list.outcomes);
    bool all_ok =
        std::count(outcomes.begin(), outcomes.end(), "ok") == static_cast<long>(outcomes.size());
    CHECK(done.status == (all_ok ? 0 : 7));
    // Nothing that a terminal would obey.
    for (char c : done.err) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  }
}

TEST_CASE("catalogue 020 to 029: other schemes") {
  Origin origin;
  check_catalogue(origin, CatalogueRows{
                              {"020", "file:///etc/passwd", "unsupported_scheme"},
                              {"021", "ftp://127.0.0.1/", "unsupported_scheme"},
                              {"022", "gopher://127.0.0.1/_x", "unsupported_scheme"},
                              {"023", "dict://127.0.0.1/", "unsupported_scheme"},
                              {"023", "scp://127.0.0.1/", "unsupported_scheme"},
                              {"023", "ldap://127.0.0.1/", "unsupported_scheme"},
                              {"023", "telnet://127.0.0.1/", "unsupported_scheme"},
                              {"024", "javascript:alert(1)", "unsupported_scheme"},
                              {"025", "mailto:a@b", "unsupported_scheme"},
                              {"026", "data:text/plain,hi", "unsupported_scheme"},
                              {"f10", "ws://127.0.0.1/", "unsupported_scheme"},
                              {"028", "example.com", "bad_url"},
                              {"029", "//127.0.0.1/path", "bad_url"},
                          });
  std::string port = std::to_string(origin.port());
  check_catalogue(origin, CatalogueRows{{"027", "HTTP://127.0.0.1:" + port + "/ok", "ok", 200}});
  CHECK(origin.requests() == 1);
}

TEST_CASE("catalogue 046 and 050 to 072: what is no URL") {
  Origin origin;
  std::string port = ":" + std::to_string(origin.port());
  std::string here = "http://127.0.0.1" + port;
  CatalogueRows rows = {
      {"046", "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.\xe2\x93\xaa.\xe2\x93\xaa.\xe2\x91\xa0/",
       "bad_url"},
      {"050", "http:///final", "bad_url"},
      {"051", "http:/127.0.0.1" + port + "/ok", "bad_url"},
      {"052", "http:////127.0.0.1" + port + "/ok", "bad_url"},
      {"053", "http:127.0.0.1" + port + "/ok", "bad_url"},
      {"054", "http://127.0.0.1" + port + "\\@x/", "bad_url"},
      {"055", "http://user:pw@127.0.0.1" + port + "@10.1.2.3/", "bad_url"},
      {"057", "http://u:p@127.0.0.1" + port + "/ok", "bad_url"},
      {"058", "http://127.0.0. 1" + port + "/ok", "bad_url"},
      {"060", here + "/\x01", "bad_url"},
      {"063", "http://127.0.0.1%00" + port + "/ok", "bad_url"},
      {"064", "http://127.0.0.1:99999/", "bad_url"},
      {"064", "http://127.0.0.1:+80/", "bad_url"},
      {"068", "http://[::1/", "bad_url"},
      {"069", "http://?q", "bad_url"},
      {"069", "http://#f", "bad_url"},
      {"f06", "http:\\\\127.0.0.1\\ok", "bad_url"},
  };
  std::vector<Record> records = check_catalogue(origin, rows);
  CHECK(origin.requests() == 0);
  for (const Record& record : records) CHECK(record.response_code == 0);
}

TEST_CASE("catalogue 056 to 075: URLs that are odd, and meant") {
  Origin origin;
  std::string port = ":" + std::to_string(origin.port());
  std::string here = "http://127.0.0.1" + port;
  check_catalogue(origin, CatalogueRows{
                              {"056", here + "/ok#@10.1.2.3/", "ok", 200},
                              {"059", here + "/ok/a b", "ok", 200},
                              {"061", here + "/ok/\xc3\xbc", "ok", 200},
                              {"062", here + "/ok/%00%0d%0aX-Injected:%20y", "ok", 200},
                              {"065", "http://127.0.0.1:0/", "connect", 0},
                              {"067", "http://127.0.0.1:0" + port.substr(1) + "/ok", "ok", 200},
                              {"073", here + "/ok/{a,b}[1-3]", "ok", 200},
                              {"074", here + "/ok#frag", "ok", 200},
                              {"075", here + "/../../ok", "ok", 200},
                              {"f05", here + "/ok/a,\"b\",'c'|d^e`f", "ok", 200},
                              {"f08", here + "/ok?x=1#y?z", "ok", 200},
                              {"049", "http://127.1" + port + "/ok", "ok", 200},
                              {"047", "http://%31%32%37.0.0.1" + port + "/ok", "ok", 200},
                          });
  for (const Arrival& arrival : origin.log()) {
    INFO(arrival.target);
    CHECK(arrival.target.starts_with("/ok"));
    CHECK(arrival.target.find('#') == std::string::npos);
    CHECK(arrival.target.find(' ') == std::string::npos);
  }
}

TEST_CASE("catalogue 070 and 071: names that no name server knows") {
  Origin origin;
  std::string label(60, 'a');
  CatalogueRows rows;
  for (const std::string& host :
       {std::string(300, 'a'), label + "." + label + "." + label + "." + label + "." + label,
        std::string(64, 'b') + ".test", std::string("-"), std::string("a..b"), std::string("xn--"),
        std::string("256.256.256.256"), std::string("1.2.3.4.5"), std::string("host.invalid")})
    rows.push_back({"071", "http://" + host + "/", "dns", 0});
  for (const Record& record : check_catalogue(origin, rows, {"-m", "20"}))
    CHECK(record.num_attempts == 1);
}

}  // namespace
}  // namespace fetchpool::test
