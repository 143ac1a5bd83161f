#include <numeric>
#include <set>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/nginx.h"
#include "support/origin.h"
#include "support/run_length.h"
#include "support/site.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// Enough for order and buffers to matter, without writing a gigabyte.
Site large_site() {
  return Site(
      {.pages = is_sanitized() ? std::size_t{2000} : std::size_t{20000}, .average_bytes = 3000});
}

// The site once, since writing it takes longer than fetching it.
TEST_CASE("all of 20,000 pages arrive, in order and byte for byte, in every form") {
  Nginx nginx;
  Site site = large_site();
  site.write(nginx.root());
  TempDir dir;
  std::string list = dir.write("list", site.list(nginx.url("")));
  std::vector<std::string> pages;
  std::string all;
  for (std::size_t page = 0; page < site.size(); ++page) {
    pages.push_back(site.text(page));
    all += pages.back();
  }

  {
    INFO("as records");
    Finished done = fetchpool({"-i", list, "-o", dir.file("out"), "--per-host", "0"}).run();
    REQUIRE(done.status == 0);
    std::vector<Record> records = read_records(dir.read("out"));
    REQUIRE(records.size() == site.size());
    CHECK(are_in_order(records));
    std::size_t wrong = 0;
    for (std::size_t page = 0; page < site.size(); ++page) {
      const Record& record = records[page];
      bool right = record.ok && record.complete == true && record.body == pages[page] &&
                   record.input == nginx.url(site.path(page));
      wrong += right ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  {
    INFO("raw");
    Finished done = fetchpool({"-i", list, "--raw", "-o", dir.file("raw")}).run();
    REQUIRE(done.status == 0);
    CHECK((dir.read("raw") == all));
  }
  {
    INFO("raw, through a pipe");
    Finished done = fetchpool({"-i", list, "--raw", "--per-host", "0", "-p", "3"}).run();
    REQUIRE(done.status == 0);
    CHECK((done.out == all));
  }
  {
    INFO("as they come, with --unordered");
    Finished done = fetchpool({"-i", list, "--unordered", "--no-body"}).run();
    REQUIRE(done.status == 0);
    std::vector<Record> records = read_records(done.out);
    std::set<long> numbers;
    for (const Record& record : records) numbers.insert(record.seq);
    CHECK(records.size() == site.size());
    CHECK(numbers.size() == site.size());
    CHECK(count_of(records, "ok") == static_cast<long>(site.size()));
  }
}

TEST_CASE("a first URL that hangs, slow ones and failures change neither order nor count") {
  Origin origin;
  std::string list = origin.url("/hang") + "\n";
  constexpr int count = 2000;
  for (int i = 1; i < count; ++i) {
    std::string number = std::to_string(i);
    std::string target = i % 100 == 50   ? "/status/500?i=" + number
                         : i % 100 == 99 ? "/slow/" + number + "?ms=300"
                                         : "/ok?i=" + number;
    list += origin.url(target) + "\n";
  }
  Finished done =
      fetchpool({"-m", "5", "--retry", "0", "-j", "64", "--per-host", "64"}).stdin_text(list).run();
  CHECK(done.status == 4);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == count);
  CHECK(are_in_order(records));
  CHECK(records[0].outcome == "timeout");
  CHECK(count_of(records, "http_error") == 20);
  CHECK(count_of(records, "ok") == count - 21);
  std::string inputs;
  for (const Record& record : records) inputs += record.input + "\n";
  CHECK(inputs == list);

  std::vector<Arrival> log = origin.log();
  REQUIRE(log.size() == count);
  double hung = 0;
  double last = 0;
  for (const Arrival& arrival : log) {
    if (arrival.target == "/hang") hung = arrival.milliseconds;
    last = std::max(last, arrival.milliseconds);
  }
  // The last ones to be asked for may be slow ones.
  CHECK(last + 300 < hung + 5000);
}

TEST_CASE("option --unordered writes what is there, whatever hangs before it") {
  Origin origin;
  ListeningPort silent;
  Running run = fetchpool({"--unordered", "--no-body", silent.url(), origin.url("/ok?a=1"),
                           origin.url("/ok?a=2")})
                    .start();
  std::set<long> numbers;
  for (int i = 0; i < 2; ++i) {
    std::optional<std::string> line = run.read_line();
    REQUIRE(line);
    numbers.insert(read_record(*line).seq);
  }
  CHECK(numbers == std::set<long>{1, 2});
  // The worker of the one that hangs may have started last.
  REQUIRE(silent.wait_for_client());
  run.signal(SIGINT);
  run.wait_for_err("stopping");
  run.signal(SIGTERM);
  CHECK(run.wait().status == 130);
}

TEST_CASE("bodies of any size and kind arrive as they are") {
  Nginx nginx;
  std::string text = origin_body("/large", 5 << 20);
  std::string bytes = text;
  unsigned state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const std::vector<std::string> bodies = {text,
                                           bytes,
                                           "",
                                           "x",
                                           std::string(1, '\0'),
                                           "\xff\xfe",
                                           "\xf0\x9f\x98\x80\"\\\n\x01\x7f",
                                           origin_body("/part", 256 << 10),
                                           bytes.substr(0, (256 << 10) + 1)};
  std::string list;
  std::string all;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    write_file(nginx.root() + "/b" + std::to_string(i), bodies[i]);
    list += nginx.url("/b" + std::to_string(i)) + "\n";
    all += bodies[i];
  }
  Finished done = fetchpool().stdin_text(list).run();
  REQUIRE(done.status == 0);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    INFO(i);
    CHECK((records[i].body == bodies[i]));
    CHECK(records[i].size_body == static_cast<long>(bodies[i].size()));
    CHECK(records[i].complete == true);
  }
  CHECK(records[0].body_encoding == "utf-8");
  CHECK(records[1].body_encoding == "base64");
  CHECK(records[5].body_encoding == "base64");
  CHECK((fetchpool({"--raw"}).stdin_text(list).run().out == all));
}

TEST_CASE("records come without bodies and with headers as asked for") {
  Origin origin;
  std::string url = origin.url("/ok?size=100");
  Record plain = read_records(fetchpool({url}).run().out).at(0);
  CHECK(plain.body == origin_body("/ok?size=100", 100));
  CHECK_FALSE(plain.headers);

  Record bodiless = read_records(fetchpool({url, "--no-body"}).run().out).at(0);
  CHECK_FALSE(bodiless.has_body_member);
  CHECK(bodiless.size_body == 100);
  CHECK(bodiless.complete == true);

  Record with_headers = read_records(fetchpool({url, "--include-headers"}).run().out).at(0);
  REQUIRE(with_headers.headers);
  std::pair<std::string, std::string> length("Content-Length", "100");
  CHECK(std::count(with_headers.headers->begin(), with_headers.headers->end(), length) == 1);
}

TEST_CASE("two runs with --stable write the same bytes") {
  Origin origin;
  std::string list = origin.url("/flaky?key=none&fail=0") + "\n" + origin.url("/status/404") +
                     "\n" + origin.url("/redirect/2") + "\nnonsense\n" + origin.url("/gzip") + "\n";
  std::vector<std::string> arguments = {"--stable", "--include-headers"};
  Finished first = fetchpool(arguments).stdin_text(list).run();
  Finished second = fetchpool(arguments).arg("-p").arg("1").stdin_text(list).run();
  CHECK(first.out == second.out);
  CHECK(read_records(first.out).size() == 5);
}

TEST_CASE("https needs a certificate that is trusted") {
  TestCa ca;
  NginxOptions options;
  options.certificate = ca.valid();
  Nginx nginx(options);
  Site site({.pages = 200});
  site.write(nginx.root());
  std::string list = site.list(nginx.tls_url(""));
  std::string all;
  for (std::size_t page = 0; page < site.size(); ++page) all += site.text(page);

  Finished trusted = fetchpool({"--cacert", ca.file(), "--raw"}).stdin_text(list).run();
  CHECK(trusted.status == 0);
  CHECK((trusted.out == all));

  Finished unchecked = fetchpool({"-k", "--raw"}).stdin_text(list).run();
  CHECK(unchecked.status == 0);
  CHECK((unchecked.out == all));

  Finished untrusted = fetchpool({nginx.tls_url(site.path(0))}).run();
  CHECK(untrusted.status == 5);
  Record record = read_records(untrusted.out).at(0);
  CHECK(record.outcome == "tls");
  CHECK_FALSE(record.error.empty());
  CHECK(record.num_attempts == 1);
}

}  // namespace
}  // namespace fetchpool::test
