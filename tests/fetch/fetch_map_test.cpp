// Functions on pages, run inside the workers.
#include "fetchpool/fetch_map.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/posix.h"
#include "fetchpool/prepare.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;

FetchOptions options_with(int processes, int concurrency) {
  FetchOptions options;
  options.processes = processes;
  options.concurrency = concurrency;
  options.per_host = 0;
  return options;
}

std::size_t size_of(const Page& page) {
  return page.body.size();
}

bool has_mark(const Page& page, std::string_view mark) {
  return page.url.find(mark) != std::string_view::npos;
}

void burn(Clock::duration time) {
  for (TimePoint end = Clock::now() + time; Clock::now() < end;) continue;
}

// What kills its worker on one page and is harmless on all others.
int poisoned(const Page& page) {
  if (has_mark(page, "poison")) abort();
  return getpid();
}

struct Facts {
  std::string url;
  std::map<std::string, int> numbers;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(url, numbers);
  }
};

}  // namespace

TEST_CASE("a function sees the page as it was fetched, and its value comes back", "[map]") {
  test::Origin origin;
  FetchOptions options = options_with(2, 8);
  options.response_headers = true;
  auto facts = [](const Page& page) {
    Facts found;
    found.url = page.url;
    found.numbers = {{"code", page.response_code},
                     {"bytes", static_cast<int>(page.body.size())},
                     {"headers", static_cast<int>(page.headers.size())},
                     {"html", page.content_type == "text/html; charset=utf-8"}};
    return found;
  };
  auto mapped = fetch_map({origin.url("/ok?size=1234"), origin.url("/redirect/2?to=/ok?size=7"),
                           origin.url("/gzip?size=5000")},
                          facts, options);
  REQUIRE(mapped.size() == 3);
  for (const auto& page : mapped) {
    INFO(page.error);
    REQUIRE(page.value);
    CHECK(page.error.empty());
    CHECK(page.page.ok());
    CHECK(page.page.body.empty());
    CHECK(page.value->url == page.page.url_effective);
    CHECK(page.value->numbers.at("code") == 200);
    CHECK(page.value->numbers.at("headers") >= 1);
    CHECK(page.value->numbers.at("bytes") == static_cast<int>(page.page.size_body));
  }
  CHECK(mapped[0].value->numbers.at("bytes") == 1234);
  CHECK(mapped[0].value->numbers.at("html") == 1);
  CHECK(mapped[1].page.redirects.size() == 2);
  CHECK(mapped[2].value->numbers.at("bytes") == 5000);
}

TEST_CASE("values come in the order of the URLs, from several processes", "[map]") {
  test::Origin origin;
  std::vector<std::string> urls;
  for (int i = 0; i < 200; ++i) urls.push_back(origin.url("/ok?size=" + std::to_string(i)));
  auto sizes = fetch_map(urls, size_of, options_with(2, 16));
  REQUIRE(sizes.size() == urls.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) CHECK(sizes[i].value == i);
  auto pids = fetch_map(
      urls, [](const Page&) { return getpid(); }, options_with(2, 16));
  std::set<int> seen;
  for (const auto& pid : pids) seen.insert(pid.value.value());
  CHECK(seen.size() <= 2);
  CHECK(seen.count(getpid()) == 0);
}

TEST_CASE("large pages and large values travel whole", "[map]") {
  test::Origin origin;
  auto doubled = [](const Page& page) { return std::string(page.body) + std::string(page.body); };
  auto mapped =
      fetch_map({origin.url("/ok?size=3000000"), origin.url("/ok?size=262144")}, doubled, {});
  for (const auto& page : mapped) {
    INFO(page.error);
    REQUIRE(page.value);
    std::string half = page.value->substr(0, page.value->size() / 2);
    CHECK(page.value->size() == 2 * page.page.size_body);
    CHECK(*page.value == half + half);
  }
  CHECK(mapped[0].value->size() == 6'000'000);
}

TEST_CASE("a function without a value, and one that throws", "[map]") {
  test::Origin origin;
  auto nothing = fetch_map({origin.url("/ok")}, [](const Page&) {});
  CHECK(nothing.at(0).value);
  auto thrown = fetch_map({origin.url("/ok"), origin.url("/ok?bad")}, [](const Page& page) {
    if (page.url.find("bad") != std::string_view::npos) throw std::out_of_range("no such link");
    return 1;
  });
  CHECK(thrown.at(0).value == 1);
  CHECK_FALSE(thrown.at(1).value);
  CHECK(thrown.at(1).page.ok());
  CHECK(thrown.at(1).error == "std::out_of_range: no such link");
}

TEST_CASE("what is no page has the error of its URL, and no function sees it", "[map]") {
  test::Origin origin;
  FetchOptions options = options_with(1, 4);
  options.retries = 0;
  auto mapped =
      fetch_map({origin.url("/status/404"), "nonsense", origin.url("/reset")}, size_of, options);
  CHECK(mapped.at(0).page.outcome == Outcome::http_error);
  CHECK(mapped.at(1).page.outcome == Outcome::bad_url);
  CHECK(mapped.at(2).page.outcome == Outcome::reset);
  for (const auto& page : mapped) {
    CHECK_FALSE(page.value);
    CHECK(page.error == page.page.error);
    CHECK_FALSE(page.error.empty());
  }
}

TEST_CASE("a page with which the function kills its worker costs no other page", "[map]") {
  test::Origin origin;
  int count = static_cast<int>(test::rounds_of(10000));
  auto urls = origin.urls("/ok?size=2000&", count);
  urls[urls.size() / 2] = origin.url("/ok?poison");
  auto mapped = fetch_map(urls, poisoned, options_with(2, 64));
  REQUIRE(mapped.size() == urls.size());
  for (std::size_t i = 0; i < mapped.size(); ++i) {
    INFO(mapped[i].page.input << ": " << mapped[i].error);
    bool is_poison = i == urls.size() / 2;
    CHECK(mapped[i].page.outcome == (is_poison ? Outcome::worker_crash : Outcome::ok));
    CHECK(mapped[i].value.has_value() != is_poison);
  }
}

TEST_CASE("a function that works for long lets no transfer time out", "[map]") {
  test::Origin origin;
  FetchOptions options = options_with(1, 8);
  options.max_time = 1500ms;
  options.retries = 0;
  // Bodies that need the worker's attention again and again while the function works.
  std::vector<std::string> urls = origin.urls("/drip-body?ms=100&size=10&", 6);
  for (const auto& url : origin.urls("/ok?", 2)) urls.push_back(url);
  auto mapped = fetch_map(
      urls,
      [](const Page& page) {
        if (has_mark(page, "/ok")) burn(1000ms);
        return page.body.size();
      },
      options);
  for (const auto& page : mapped) {
    INFO(page.page.input << ": " << page.error);
    CHECK(page.page.ok());
    CHECK(page.value);
  }
}

TEST_CASE("a function that does not end is ended, its page named, its neighbours made again",
          "[map]") {
  test::Origin origin;
  FetchOptions options = options_with(1, 8);
  options.function_timeout = 200ms;
  auto urls = origin.urls("/ok?size=100&", 40);
  urls[3] = origin.url("/ok?endless");
  TimePoint begin = Clock::now();
  auto mapped = fetch_map(
      urls,
      [](const Page& page) {
        while (has_mark(page, "endless")) pause();
        return page.body.size();
      },
      options);
  CHECK(Clock::now() - begin < 20s);
  for (std::size_t i = 0; i < mapped.size(); ++i) {
    INFO(mapped[i].page.input << ": " << mapped[i].error);
    CHECK(mapped[i].page.ok());
    CHECK(mapped[i].value.has_value() == (i != 3));
  }
  CHECK(mapped[3].error == "the function did not end within 200 ms");
}

TEST_CASE("a function may be slower than a worker may be silent", "[map]") {
  test::Origin origin;
  FetchOptions options = options_with(1, 4);
  options.worker_timeout = 200ms;
  options.max_time = 200ms;
  options.connect_timeout = 200ms;
  auto mapped = fetch_map(
      origin.urls("/ok?", 2),
      [](const Page&) {
        burn(900ms);
        return getpid();
      },
      options);
  CHECK(mapped.at(0).value);
  CHECK(mapped.at(0).value == mapped.at(1).value);
}

TEST_CASE("in a program with threads pages are mapped after prepare()", "[map]") {
  test::Origin origin;
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int status = 1;
    try {
      prepare();
      std::atomic<bool> ends{false};
      std::thread busy([&] {
        while (!ends) std::this_thread::yield();
      });
      auto mapped = fetch_map(origin.urls("/ok?", 30), size_of, options_with(2, 8));
      bool all = std::all_of(mapped.begin(), mapped.end(),
                             [](const auto& page) { return page.value == 1000U; });
      ends = true;
      busy.join();
      status = all ? 0 : 2;
    } catch (const std::exception&) {
    }
    _exit(status);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("the function of a page may fork, and only one of them answers", "[map]") {
  test::Origin origin;
  auto mapped = fetch_map(origin.urls("/ok?", 20), [](const Page& page) {
    if (fork() < 0) throw std::runtime_error("no fork");
    return page.body.size();
  });
  for (const auto& page : mapped) CHECK(page.value == 1000U);
}

}  // namespace fetchpool
