#include "output/sink.h"

#include <fcntl.h>
#include <poll.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <numeric>
#include <sstream>

#include "base/posix.h"
#include "output/output_stream.h"
#include "output/raw_sink.h"
#include "output/samples.h"
#include "support/catch.h"
#include "support/run_length.h"

namespace fetchpool::output {
namespace {

std::vector<std::uint64_t> shuffled(std::uint64_t count) {
  std::vector<std::uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  return order;
}

std::vector<rapidjson::Document> records_in(const std::string& path) {
  std::vector<rapidjson::Document> records;
  std::istringstream lines(contents_of(path));
  for (std::string line; std::getline(lines, line);) {
    records.emplace_back();
    records.back().Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
    INFO(line);
    REQUIRE_FALSE(records.back().HasParseError());
  }
  return records;
}

long peak_kib() {
  std::ifstream status("/proc/self/status");
  long kib = 0;
  for (std::string word; status >> word;)
    if (word == "VmHWM:") status >> kib;
  return kib;
}

TEST_CASE("results in any order become lines in the order of the list", "[sink]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out.jsonl");
  auto sink = make_sink({.path = path, .order_window = 100000});
  for (std::uint64_t seq : shuffled(500)) {
    sink->put(seq % 10 == 3 ? failed_result(seq) : full_result(seq, "body " + std::to_string(seq)));
    sink->flush();
  }
  sink->finish();
  CHECK(sink->written() == 500);
  auto records = records_in(path);
  REQUIRE(records.size() == 500);
  for (std::uint64_t seq = 0; seq < 500; ++seq) {
    CHECK(records[seq]["seq"].GetUint64() == seq);
    if (seq % 10 != 3) CHECK(records[seq]["body"].GetString() == "body " + std::to_string(seq));
  }
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("unordered lines come as the results do, each once", "[sink]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out.jsonl");
  auto sink = make_sink({.path = path, .unordered = true});
  auto order = shuffled(100);
  for (std::uint64_t seq : order) {
    sink->put(full_result(seq, "x"));
    sink->flush();
    CHECK(sink->written() == records_in(path).size());
  }
  sink->finish();
  auto records = records_in(path);
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(records[i]["seq"].GetUint64() == order[i]);
}

TEST_CASE("raw output is the bodies of what is ok, the others are named", "[sink]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  std::vector<std::string> named;
  auto sink =
      make_sink({.path = path, .form = OutputForm::raw, .report = [&](std::string_view line) {
                   named.emplace_back(line);
                 }});
  FetchResult not_found = raw_result(1, "the page was not found");
  not_found.outcome = Outcome::http_error;
  not_found.error = "the server answered 404";
  FetchResult empty = raw_result(3, "");
  sink->put(raw_result(4, "last"));
  sink->put(std::move(empty));
  sink->put(raw_result(2, std::string("\0\xff\n", 3)));
  sink->put(std::move(not_found));
  sink->put(raw_result(0, "first"));
  sink->finish();
  CHECK(contents_of(path) == "first" + std::string("\0\xff\n", 3) + "last");
  CHECK(named == std::vector<std::string>{
                     "http://example.com/a?x=1#f: http_error: the server answered 404"});
  CHECK(sink->written() == 5);
}

TEST_CASE("a line about a result cannot command a terminal", "[sink]") {
  FetchResult result = failed_result(0);
  result.input = "http://x/\x1b[2J\x7f\n gr\xc3\xbc\xc3\x9f \xc2\x9b";
  result.error = "no\r";
  CHECK(line_about(result) == "http://x/?[2J?? gr\xc3\xbc\xc3\x9f ??: dns: no?");
}

TEST_CASE("a sink without a file writes to a descriptor and leaves it open", "[sink]") {
  auto pipe = posix::make_pipe();
  auto sink = make_sink({.fd = pipe.second.get(), .bodies = false, .stable = true});
  sink->put(full_result(0, "not shown"));
  sink->finish();
  CHECK(fcntl(pipe.second.get(), F_GETFD) != -1);
  std::string line(65536, '\0');
  line.resize(posix::read_some(pipe.first.get(), line.data(), line.size()).value());
  CHECK(line.starts_with("{\"seq\":0,"));
  CHECK(line.ends_with(",\"worker\":null}\n"));
}

TEST_CASE("a sink notices a reader that left while nothing is due", "[sink]") {
  signal(SIGPIPE, SIG_IGN);
  auto pipe = posix::make_pipe();
  auto sink = make_sink({.fd = pipe.second.get()});
  sink->put(full_result(1, "waits for number 0"));
  sink->flush();
  pipe.first.reset();
  struct pollfd watched {
    sink->poll_fd(), sink->poll_events(), 0
  };
  CHECK(watched.events == 0);
  REQUIRE(posix::poll_for(&watched, 1, Clock::duration::zero()) == 1);
  CHECK_THROWS_AS(sink->flush(), OutputClosed);
}

TEST_CASE("an output that is full is an error that names it", "[sink]") {
  auto sink = make_sink({.path = "/dev/full"});
  sink->put(full_result(0, "x"));
  CHECK_THROWS_WITH(sink->finish(), "cannot write /dev/full: No space left on device");
}

TEST_CASE("a million results in order take no more memory than the first", "[sink]") {
  auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    long pages = 0;
    statm >> pages >> pages;
    return pages * sysconf(_SC_PAGESIZE);
  };
  auto sink = make_sink({.path = "/dev/null"});
  FetchResult sample = full_result(0, "a small body");
  [[maybe_unused]] long early = 0;
  const auto count = static_cast<std::uint64_t>(test::shorter_if_sanitized(1'000'000));
  for (std::uint64_t seq = 0; seq < count; ++seq) {
    FetchResult result = sample;
    result.seq = seq;
    sink->put(std::move(result));
    if (seq == 10000) early = resident();
  }
  sink->finish();
#ifndef __SANITIZE_ADDRESS__
  CHECK(resident() - early < 4 << 20);
#endif
  CHECK(sink->written() == count);
}

TEST_CASE("a hundred thousand results behind a missing one keep the process small", "[sink]") {
  TemporaryDirectory directory;
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
  long before = peak_kib();
  auto sink = make_sink({.path = "/dev/null", .spill_directory = directory.path()});
  const auto count = static_cast<std::uint64_t>(test::shorter_if_sanitized(100'000));
  for (std::uint64_t seq = 1; seq <= count;) {
    // As they come over a channel: many to a block of 1 MiB.
    auto block = std::make_shared<std::string>(1 << 20, 'x');
    for (std::size_t at = 0; at + 10000 <= block->size(); at += 10000, ++seq) {
      FetchResult result = full_result(seq, "");
      result.body = Body(Bytes(block, std::string_view(*block).substr(at, 10000)));
      sink->put(std::move(result));
    }
  }
  if (!test::is_sanitized()) CHECK(peak_kib() - before < 130 << 10);
  CHECK_FALSE(sink->wants_hold());
  sink->put(full_result(0, "x"));
  sink->finish();
  CHECK(sink->written() >= count + 1);
}

}  // namespace
}  // namespace fetchpool::output
