#include "cli/summary.h"

#include <algorithm>

#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;
using namespace std::chrono_literals;

namespace {

FetchResult result(Outcome outcome, std::string input = "http://h/", std::string error = "") {
  FetchResult r;
  r.outcome = outcome;
  r.input = std::move(input);
  r.error = std::move(error);
  r.size_download = 1024;
  return r;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a run without URLs says so", "[summary]") {
  CHECK(Summary().lines({}, true) == Lines{"0 URLs ok, 0 B in 0.0 s"});
}

TEST_CASE("a run that went well takes one line", "[summary]") {
  Summary summary;
  for (int i = 0; i < 20; ++i) summary.add(result(Outcome::ok));
  CHECK(summary.lines({2s, 0, 0, ""}, true) == Lines{"20 URLs ok, 20.0 KiB in 2.0 s (10/s)"});
}

TEST_CASE("retries and replaced workers are told", "[summary]") {
  Summary summary;
  summary.add(result(Outcome::ok));
  CHECK(summary.lines({50ms, 3, 1, ""}, true) ==
        Lines{"1 URL ok, 1.0 KiB in 0.1 s, 3 more attempts, 1 worker replaced"});
}

TEST_CASE("failures are told by kind, the most frequent first, with an example", "[summary]") {
  Summary summary;
  summary.add(result(Outcome::ok));
  summary.add(result(Outcome::dns, "http://x/", "no such name"));
  summary.add(result(Outcome::timeout, "http://slow/1", "no answer within 60 s"));
  summary.add(result(Outcome::timeout, "http://slow/2", "no answer within 60 s"));
  CHECK(summary.failed() == 3);
  CHECK(summary.lines({10ms, 0, 0, ""}, true) ==
        Lines{"1 of 4 URLs ok, 4.0 KiB in 0.0 s",
              "2 failed, as in http://slow/1: timeout: no answer within 60 s",
              "1 failed, as in http://x/: dns: no such name"});
  CHECK(summary.lines({10ms, 0, 0, ""}, false) ==
        Lines{"1 of 4 URLs ok, 4.0 KiB in 0.0 s", "2 failed: timeout", "1 failed: dns"});
}

TEST_CASE("many kinds of failure are cut", "[summary]") {
  Summary summary;
  for (int i = 0; i < kOutcomeCount; ++i) summary.add(result(static_cast<Outcome>(i)));
  Lines lines = summary.lines({}, true);
  REQUIRE(lines.size() == 8);
  CHECK_THAT(lines[6], ContainsSubstring("more kinds of failure"));
}

TEST_CASE("what stopped a run is told", "[summary]") {
  Summary summary;
  summary.add(result(Outcome::ok));
  summary.add(result(Outcome::cancelled));
  CHECK(summary.lines({10ms, 0, 0, "SIGINT"}, true) ==
        Lines{"1 of 2 URLs ok, 2.0 KiB in 0.0 s", "1 not fetched",
              "stopped by SIGINT before the end of the list"});
}

TEST_CASE("a failure is told without secrets, control bytes or endless URLs", "[summary]") {
  std::string text = failure_text(
      result(Outcome::timeout, "http://u:s3cret@h/\x1b[31m" + std::string(100000, 'a'), "late\n"));
  CHECK_THAT(text, !ContainsSubstring("s3cret"));
  CHECK_THAT(text, ContainsSubstring("http://***@h/\\x1b[31maaa"));
  CHECK_THAT(text, ContainsSubstring("...: timeout: late\\n"));
  CHECK(text.size() < 600);
}
