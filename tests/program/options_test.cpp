#include <algorithm>
#include <fstream>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// The request as the origin saw it.
std::string echo(const Origin& origin, const std::vector<std::string>& arguments) {
  return read_records(fetchpool(arguments).arg(origin.url("/echo")).run().out).at(0).body.value();
}

TEST_CASE("option -H adds, replaces and removes headers") {
  Origin origin;
  std::string seen = echo(origin, {"-H", "X-One: 1", "-H", "Accept: text/plain", "-H", "X-Two:2"});
  CHECK_THAT(seen, ContainsSubstring(R"(["x-one","1"])"));
  CHECK_THAT(seen, ContainsSubstring(R"(["x-two","2"])"));
  CHECK_THAT(seen, ContainsSubstring(R"(["accept","text/plain"])"));
  CHECK(seen.find("*/*") == std::string::npos);
  std::string removed = echo(origin, {"-H", "User-Agent:"});
  CHECK(removed.find("fetchpool") == std::string::npos);
}

TEST_CASE("option -A names the client") {
  Origin origin;
  CHECK_THAT(echo(origin, {"-A", "tester/2"}), ContainsSubstring(R"(["user-agent","tester/2"])"));
  CHECK_THAT(echo(origin, {}), ContainsSubstring(R"(["user-agent","fetchpool/)"));
}

TEST_CASE("compressed answers are asked for unless said otherwise") {
  Origin origin;
  CHECK_THAT(echo(origin, {}), ContainsSubstring("gzip"));
  CHECK(echo(origin, {"--no-compressed"}).find("gzip") == std::string::npos);
}

TEST_CASE("headers of the user stay with the origin they were meant for") {
  Origin first;
  Origin second;
  std::string target = "/location?to=" + second.url("/echo");
  Finished done = fetchpool({"-H", "Authorization: Bearer secret", "-H", "X-Api-Key: secret", "-H",
                             "Cookie: secret", first.url(target)})
                      .run();
  Record record = read_records(done.out).at(0);
  CHECK(record.ok);
  CHECK(record.body.value().find("secret") == std::string::npos);
}

TEST_CASE("the environment and the home directory change nothing") {
  Origin origin;
  TempDir home;
  home.write(".netrc", "machine 127.0.0.1 login me password secret\n");
  home.write(".curlrc", "user-agent = from-curlrc\n");
  Finished done = fetchpool({origin.url("/echo")})
                      .env("HOME", home.path())
                      .env("http_proxy", "http://127.0.0.1:1/")
                      .env("ALL_PROXY", "http://127.0.0.1:1/")
                      .env("SSL_CERT_FILE", "/nonexistent")
                      .run();
  CHECK(done.status == 0);
  std::string seen = read_records(done.out).at(0).body.value();
  CHECK(seen.find("authorization") == std::string::npos);
  CHECK(seen.find("curlrc") == std::string::npos);
}

TEST_CASE("option --exit-zero makes failed URLs no failure of the run") {
  Origin origin;
  std::string url = origin.url("/status/404");
  CHECK(fetchpool({url}).run().status == 8);
  CHECK(fetchpool({"--exit-zero", url}).run().status == 0);
  CHECK(fetchpool({"--exit-zero", "-o", "/dev/full", url}).run().status == 3);
  CHECK(fetchpool({"--exit-zero", "-i", "/nonexistent"}).run().status == 2);
}

TEST_CASE("the exit status is the lowest of those that occurred") {
  Origin origin;
  std::string ok = origin.url("/ok");
  CHECK(fetchpool({ok, ok}).run().status == 0);
  CHECK(fetchpool({ok, origin.url("/status/404"), "nonsense"}).run().status == 7);
  CHECK(fetchpool({origin.url("/status/401"), origin.url("/status/404")}).run().status == 6);
  CHECK(fetchpool({"--retry", "0", "nonsense", origin.url("/close"), ok}).run().status == 4);
}

TEST_CASE("option -q says nothing about what went well, or did not") {
  Origin origin;
  Finished done = fetchpool({"-q", origin.url("/ok"), origin.url("/status/404")}).run();
  CHECK(done.err.empty());
  CHECK(read_records(done.out).size() == 2);
}

TEST_CASE("the summary is on standard error") {
  Origin origin;
  Finished done = fetchpool({origin.url("/ok"), origin.url("/status/404")}).run();
  CHECK_THAT(done.err, ContainsSubstring("1 of 2 URLs ok"));
  CHECK_THAT(done.err, ContainsSubstring("http_error"));
  CHECK(read_records(done.out).size() == 2);
}

TEST_CASE("option -v names each URL that failed, -vv every URL") {
  Origin origin;
  std::string good = origin.url("/ok");
  std::string bad = origin.url("/status/404");
  Finished verbose = fetchpool({"-v", good, bad, bad}).run();
  CHECK_THAT(verbose.err, ContainsSubstring(bad + ": http_error"));
  CHECK(verbose.err.find(good) == std::string::npos);
  CHECK_THAT(fetchpool({"-vv", good}).run().err, ContainsSubstring(good + ": 200"));
}

TEST_CASE("progress is a changing line on a terminal only") {
  Origin origin;
  std::string url = origin.url("/slow?ms=1500");
  TempDir dir;
  Finished terminal =
      fetchpool({url, "-o", dir.file("out")}).env("TERM", "xterm").on_terminal().run();
  CHECK_THAT(terminal.terminal, ContainsSubstring("\r"));
  CHECK_THAT(terminal.terminal, ContainsSubstring("0 of 1"));
  Finished plain = fetchpool({url, "--progress", "plain"}).run();
  CHECK(plain.err.find('\r') == std::string::npos);
  Finished none = fetchpool({url, "--progress", "none", "-o", dir.file("out")})
                      .env("TERM", "xterm")
                      .on_terminal()
                      .run();
  CHECK(none.terminal.find("0 of 1") == std::string::npos);
}

TEST_CASE("option --version and --help speak on standard output") {
  Finished version_text = fetchpool({"--version"}).run();
  CHECK(version_text.status == 0);
  CHECK_THAT(version_text.out, ContainsSubstring("fetchpool "));
  CHECK(version_text.lines().size() == 1);
  Finished help = fetchpool({"--help"}).run();
  CHECK(help.status == 0);
  for (const std::string& line : help.lines()) CHECK(line.size() <= 100);
  CHECK(fetchpool({"--help"}).stdout_file("/dev/full").run().status == 3);
}

// The names of options in the text, as in "-j, --concurrency N": each time one string with a blank
// before and behind each name.
std::vector<std::string> options_of_help() {
  std::vector<std::string> options;
  for (const std::string& line : fetchpool({"--help"}).run().lines()) {
    std::size_t begin = line.find("--");
    bool is_option = line.starts_with("  ") && (begin == 6 && (line[2] == '-' || line[2] == ' '));
    if (!is_option) continue;
    std::string names = " " + line.substr(begin, line.find(' ', begin) - begin) + " ";
    if (line[2] == '-') names += line.substr(2, 2) + " ";
    options.push_back(names);
  }
  return options;
}

// The names in the table of options.
std::vector<std::string> options_of_readme() {
  std::ifstream readme(FETCHPOOL_SOURCE_DIR "/README.md");
  std::vector<std::string> options;
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `-")) continue;
    std::string first = line.substr(0, line.find(" | "));
    for (std::size_t at = 0; (at = first.find("`-", at)) != std::string::npos;) {
      std::size_t end = first.find_first_of(" `", at + 1);
      options.push_back(first.substr(at + 1, end - at - 1));
      at = first.find('`', at + 1) + 1;
    }
  }
  return options;
}

TEST_CASE("every option stands in the README, and no other one") {
  std::vector<std::string> known = options_of_help();
  std::vector<std::string> told = options_of_readme();
  CHECK(known.size() > 80);
  for (const std::string& names : known) {
    INFO(names);
    CHECK(std::any_of(told.begin(), told.end(), [&](const std::string& name) {
      return names.find(" " + name + " ") != std::string::npos;
    }));
  }
  for (const std::string& name : told) {
    INFO(name);
    CHECK(std::any_of(known.begin(), known.end(), [&](const std::string& names) {
      return names.find(" " + name + " ") != std::string::npos || name == "--no-compressed";
    }));
  }
}

TEST_CASE("what is wrong with the command line is one sentence that names the option") {
  struct Row {
    std::vector<std::string> arguments;
    std::string says;
  };
  for (const Row& row : std::vector<Row>{
           {{"--concurency", "5"}, "--concurrency"},
           {{"-j", "0"}, "--concurrency"},
           {{"-j", "abc"}, "--concurrency"},
           {{"-j", ""}, "--concurrency"},
           {{"-j", "1000000000"}, "--concurrency"},
           {{"-p", "-1"}, "--processes"},
           {{"-m", "5x"}, "--max-time"},
           {{"-m", "1e400"}, "--max-time"},
           {{"-m", "5 s"}, "--max-time"},
           {{"--max-filesize", "18446744073709551616"}, "--max-filesize"},
           {{"--retry"}, "--retry"},
           {{"-H", "X: a\r\nY: b"}, "--header"},
           {{"-H", "no colon here"}, "--header"},
           {{"--progress", "loud"}, "--progress"},
           {{"--raw", "--no-body"}, "--raw"},
           {{"--cacert", "/nonexistent"}, "--cacert"},
           {{"--cacert", "/dev/null"}, "--cacert"},
           {{"--interface", "no/such"}, "--interface"},
           {{"-x", "garbage:garbage"}, "--proxy"},
           {{"--allow-downgrad"}, "--allow-downgrade"},
           {{"--base", "nonsense"}, "--base"},
       }) {
    CAPTURE(row.arguments);
    Finished done = fetchpool(row.arguments).arg("http://127.0.0.1:1/").run();
    CHECK(done.status == 2);
    CHECK(done.out.empty());
    CHECK_THAT(done.err, ContainsSubstring(row.says));
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
  }
}

TEST_CASE("secrets are in no message") {
  Origin origin;
  Finished header = fetchpool({"-H", "X-Key: s3cret\r\nX: y", origin.url("/ok")}).run();
  CHECK(header.status == 2);
  CHECK(header.err.find("s3cret") == std::string::npos);
  Finished line = fetchpool({"-H", "s3cret", origin.url("/ok")}).run();
  CHECK(line.status == 2);
  CHECK(line.err.find("s3cret") == std::string::npos);
  Finished url = fetchpool({"-vv", "http://me:s3cret@127.0.0.1:1/"}).run();
  CHECK(url.status == 7);
  CHECK(url.err.find("s3cret") == std::string::npos);
  Finished failing =
      fetchpool({"-vv", "-H", "Authorization: s3cret", origin.url("/status/500"), "--retry", "0"})
          .run();
  CHECK((failing.out + failing.err).find("s3cret") == std::string::npos);
}

TEST_CASE("an empty environment is enough") {
  Origin origin;
  Command command("env");
  command.args({"-i", program_path("fetchpool"), origin.url("/ok?size=9"), "--raw"});
  Finished done = command.run();
  CHECK(done.status == 0);
  CHECK(done.out == origin_body("/ok?size=9", 9));
}

}  // namespace
}  // namespace fetchpool::test
