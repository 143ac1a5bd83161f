// The Fetcher's promises to programs: order, bounds, foreign loops, stopping.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "base/posix.h"
#include "fetch/ordered_results.h"
#include "fetchpool/fetch.h"
#include "support/catch.h"
#include "support/name_server.h"
#include "support/network_namespace.h"
#include "support/origin.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;

FetchResult result_of(std::uint64_t seq, std::size_t bytes = 0) {
  FetchResult result;
  result.seq = seq;
  if (bytes > 0) result.body = Body(Bytes(std::string(bytes, 'x')));
  return result;
}

// Submits pages and takes all results; bounded by the limits of the requests.
std::vector<FetchResult> fetch_stream(Fetcher& fetcher, const std::vector<std::string>& urls) {
  std::vector<FetchResult> results;
  std::size_t submitted = 0;
  while (submitted < urls.size() || fetcher.unfinished() > 0) {
    while (submitted < urls.size() && fetcher.room() > 0) fetcher.submit(urls[submitted++]);
    for (FetchResult& result : fetcher.wait(1s)) results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

TEST_CASE("results wait for their turn, and their bytes are counted", "[fetcher]") {
  engine::OrderedResults ordered;
  std::vector<FetchResult> out;
  ordered.put(result_of(2, 30));
  ordered.put(result_of(1, 20));
  ordered.release(out);
  CHECK(out.empty());
  CHECK(ordered.bytes() == 50);
  ordered.put(result_of(0, 10));
  ordered.release(out);
  REQUIRE(out.size() == 3);
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i].seq == i);
  CHECK(ordered.bytes() == 0);
  ordered.put(result_of(4));
  ordered.release(out);
  CHECK(out.size() == 3);
}

TEST_CASE("raw bodies of any size come whole, many at once", "[fetcher]") {
  test::Origin origin;
  // Around what is kept in one piece, and what one block and several of them hold.
  std::vector<std::pair<std::string, std::size_t>> pages;
  for (std::size_t size : {0, 1, 262'143, 262'144, 262'145, 327'655, 327'656, 327'657, 524'288,
                           655'311, 655'312, 655'313, 1'048'576, 4'000'000, 12'000'000})
    for (const char* path : {"/ok", "/chunked", "/gzip"}) {
      if (size == 0 && path == std::string_view("/gzip")) continue;
      pages.emplace_back(path + ("?size=" + std::to_string(size)), size);
    }
  FetchOptions options;
  options.body = BodyForm::raw;
  options.per_host = 0;
  Fetcher fetcher(options);
  std::vector<std::string> urls;
  for (int round = 0; round < 3; ++round)
    for (const auto& [target, size] : pages) urls.push_back(origin.url(target));
  std::vector<FetchResult> results = fetch_stream(fetcher, urls);
  REQUIRE(results.size() == urls.size());
  for (const FetchResult& result : results) {
    const auto& [target, size] = pages[result.seq % pages.size()];
    INFO(target);
    CHECK(result.outcome == Outcome::ok);
    CHECK((result.body.str() == test::origin_body(target, size)));
  }
}

TEST_CASE("what can be started is found far down in a list", "[fetcher]") {
  test::Origin origin;
  test::Origin other;
  FetchOptions options;
  options.per_host = 1;
  Fetcher fetcher(options);
  CHECK(fetcher.room() == 1024);
  // Of one host, and then one page of another.
  constexpr std::size_t kOthers = 3000;
  std::vector<std::string> urls;
  for (std::size_t i = 0; i < kOthers; ++i) urls.push_back(origin.url("/ok?size=10"));
  urls.push_back(other.url("/ok?size=10"));
  std::vector<FetchResult> results = fetch_stream(fetcher, urls);
  REQUIRE(results.size() == urls.size());
  auto page = std::find_if(results.begin(), results.end(),
                           [](const FetchResult& result) { return result.seq == kOthers; });
  CHECK(page->outcome == Outcome::ok);
  // Without room for more it would have come into the list after the first 1,977.
  CHECK(page - results.begin() < 1500);
}

// Whether its descriptor comes to rest, where its workers may have something to say, but not for
// ever.
bool becomes_quiet(Fetcher& fetcher) {
  struct pollfd readable {
    fetcher.poll_fd(), POLLIN, 0
  };
  for (int turn = 0; turn < 1000; ++turn) {
    if (posix::poll_for(&readable, 1, 100ms) == 0) return true;
    (void)fetcher.wait(0s);
  }
  return false;
}

TEST_CASE("a Fetcher that has nothing to do is quiet once its workers are ready", "[fetcher]") {
  Fetcher fetcher;
  while (fetcher.worker_pids().empty()) (void)fetcher.wait(0s);
  CHECK(becomes_quiet(fetcher));
}

TEST_CASE("a Fetcher whose requests have all ended at once is quiet", "[fetcher]") {
  FetchOptions options;
  options.max_host_errors = 1;
  options.retries = 0;
  Fetcher fetcher(options);
  while (fetcher.room() > 0) fetcher.submit("http://127.0.0.1:1/");
  struct pollfd readable {
    fetcher.poll_fd(), POLLIN, 0
  };
  while (fetcher.unfinished() > 0) {
    REQUIRE(posix::poll_for(&readable, 1, 10s) == 1);
    (void)fetcher.wait(0s);
  }
  CHECK(becomes_quiet(fetcher));
}

TEST_CASE("an ordered Fetcher returns results in the order of submission", "[fetcher]") {
  test::Origin origin;
  std::vector<std::string> urls;
  for (int i = 0; i < 300; ++i)
    urls.push_back(i % 50 == 0 ? origin.url("/slow?ms=100") : origin.url("/ok?size=10"));
  urls.insert(urls.begin() + 7, "nonsense");
  FetchOptions options;
  options.processes = 2;
  options.ordered = true;
  Fetcher fetcher(options);
  auto results = fetch_stream(fetcher, urls);
  REQUIRE(results.size() == urls.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].seq == i);
    CHECK(results[i].input == urls[i]);
  }
}

TEST_CASE("an ordered Fetcher whose first page is slow keeps a bounded number of bytes",
          "[fetcher]") {
  test::Origin origin;
  std::vector<std::string> urls{origin.url("/slow?ms=1500")};
  for (int i = 0; i < 400; ++i) urls.push_back(origin.url("/ok?size=10000"));
  FetchOptions options;
  options.processes = 1;
  options.concurrency = 4;
  options.per_host = 0;
  options.ordered = true;
  options.ordered_bytes = 100'000;
  Fetcher fetcher(options);
  for (const auto& url : urls) fetcher.submit(url);
  std::size_t count = 0;
  bool first = true;
  while (fetcher.unfinished() > 0) {
    for (FetchResult& result : fetcher.wait(5s)) {
      CHECK(result.ok());
      if (std::exchange(first, false)) {
        // Ten pages make the bytes; others ran or were with the worker already.
        CHECK(result.seq == 0);
        CHECK(origin.counts("/ok").requests < 40);
      }
      CHECK(result.seq == count++);
    }
  }
  CHECK(count == urls.size());
}

TEST_CASE("poll_fd() says when wait() has something to do", "[fetcher]") {
  test::Origin origin;
  Fetcher fetcher({.processes = 1});
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 50; ++i) fetcher.submit(origin.url("/ok?size=10"));
  // A retry is a matter of time, which the descriptor tells as well.
  fetcher.submit(origin.url("/flaky?fail=1"));
  while (fetcher.unfinished() > 0) {
    struct pollfd ready {
      fetcher.poll_fd(), POLLIN, 0
    };
    REQUIRE(poll(&ready, 1, 20'000) == 1);
    for (const FetchResult& result : fetcher.wait(0s)) {
      CHECK(result.ok());
      CHECK(seen.insert(result.seq).second);
    }
  }
  CHECK(seen.size() == 51);
}

TEST_CASE("a stopped Fetcher ends what runs and cancels the rest, in order", "[fetcher]") {
  test::Origin origin;
  FetchOptions options;
  options.processes = 1;
  options.concurrency = 2;
  options.per_host = 0;
  options.ordered = true;
  Fetcher fetcher(options);
  for (int i = 0; i < 100; ++i) fetcher.submit(origin.url("/slow?ms=300"));
  fetcher.wait(0s);
  while (fetcher.counts().running == 0 || origin.counts("/slow").requests == 0) fetcher.wait(10ms);
  fetcher.stop();
  CHECK(fetcher.room() == 0);
  std::size_t ok = 0;
  std::size_t count = 0;
  while (fetcher.unfinished() > 0)
    for (const FetchResult& result : fetcher.wait(5s)) {
      CHECK(result.seq == count++);
      ok += result.ok() ? 1 : 0;
      CHECK((result.ok() || result.outcome == Outcome::cancelled));
    }
  CHECK(count == 100);
  CHECK(ok >= 1);
  CHECK(ok <= 4);
  CHECK(origin.counts("/slow").requests <= 4);
}

TEST_CASE("a name that is never answered ends when the time to connect is over", "[fetcher]") {
  if (!test::NetworkNamespace::is_possible()) return;
  test::NetworkNamespace network;
  test::SilentNameServer names;
  FetchOptions options;
  options.connect_timeout = 2s;
  options.retries = 0;
  options.processes = 1;
  auto is_late = [](const FetchResult& result) {
    return result.outcome == Outcome::timeout_connect && result.times.total >= 2 &&
           result.num_attempts == 1;
  };
  for (const FetchResult& result : fetch_all({"http://a.test/", "http://b.test/"}, options)) {
    INFO(result.error << ", " << result.times.total);
    CHECK(is_late(result));
  }
  // Without workers nobody has other use for its place. In a process of its own: the question that
  // nobody answers outlives the call.
  pid_t child = fork();
  if (child == 0) _exit(is_late(fetch("http://a.test/", options)) ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace fetchpool
