// Fetchers of programs that have threads.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "fetchpool/fetch.h"
#include "fetchpool/prepare.h"
#include "process/busy_threads.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/run_length.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;

// What prepare() makes lives as long as the process, so such tests have one of their own.
bool passes_in_child(const std::function<bool()>& test) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    bool passed = false;
    try {
      passed = test();
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
    }
    _exit(passed ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status == 0;
}

std::vector<std::string> urls_of(const test::Origin& origin, int count) {
  std::vector<std::string> urls;
  for (int i = 0; i < count; ++i) urls.push_back(origin.url("/ok?i=" + std::to_string(i)));
  return urls;
}

FetchOptions two_processes() {
  FetchOptions options;
  options.processes = 2;
  options.connect_timeout = 20s;
  return options;
}

bool all_come(const std::vector<std::string>& urls) {
  std::size_t good = 0;
  for (const FetchResult& result : fetch_all(urls, two_processes())) good += result.ok() ? 1 : 0;
  return good == urls.size();
}

}  // namespace

TEST_CASE("a Fetcher in a program with threads wants prepare()", "[threads]") {
  CHECK(passes_in_child([] {
    std::atomic<bool> ends{false};
    std::thread busy([&] {
      while (!ends) std::this_thread::yield();
    });
    bool refused = false;
    try {
      Fetcher fetcher(two_processes());
    } catch (const Error& error) {
      refused = std::string(error.what()).find("prepare()") != std::string::npos;
    }
    ends = true;
    busy.join();
    return refused;
  }));
}

TEST_CASE("after prepare() a host full of held locks makes and uses any number of Fetchers",
          "[threads]") {
  test::Origin origin;
  auto urls = urls_of(origin, 20);
  CHECK(passes_in_child([&] {
    prepare();
    process::BusyThreads threads;
    for (long i = 0; i < test::rounds_of(200); ++i)
      if (!all_come(urls)) return false;
    return true;
  }));
}

TEST_CASE("different threads may have Fetchers of their own, and fetch() beside them",
          "[threads]") {
  test::Origin origin;
  auto urls = urls_of(origin, 100);
  CHECK(passes_in_child([&] {
    prepare();
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { good += all_come(urls) ? 1 : 0; });
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&] {
        bool fine = true;
        for (const auto& url : urls) fine = fetch(url).ok() && fine;
        good += fine ? 1 : 0;
      });
    for (auto& thread : threads) thread.join();
    return good == 6;
  }));
}

}  // namespace fetchpool
