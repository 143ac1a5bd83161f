#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <thread>

#include "base/posix.h"
#include "fetchpool/fetch.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/processes.h"

#if defined(__x86_64__)
#include <sys/user.h>
#endif

namespace fetchpool {
namespace {

using namespace std::chrono_literals;

FetchOptions impatient(int processes) {
  FetchOptions options;
  options.processes = processes;
  options.per_host = 0;
  options.concurrency = 8;
  options.worker_timeout = 400ms;
  options.retries = 0;
  return options;
}

// Takes results until none is owed; bounded by the limits of the requests.
std::vector<FetchResult> take_all(Fetcher& fetcher) {
  std::vector<FetchResult> results;
  TimePoint deadline = Clock::now() + 40s;
  while (fetcher.unfinished() > 0 && Clock::now() < deadline)
    for (FetchResult& result : fetcher.wait(1s)) results.push_back(std::move(result));
  return results;
}

void check_all_ok(const std::vector<FetchResult>& results, std::size_t count) {
  CHECK(results.size() == count);
  for (const FetchResult& result : results) {
    INFO(result.input << ": " << result.error);
    CHECK(result.outcome == Outcome::ok);
  }
}

// One page fetched: the host is known. Returns the worker that did it, which is asked again for
// this host.
int warm_up(Fetcher& fetcher, const test::Origin& origin) {
  fetcher.submit(origin.url("/ok"));
  std::vector<FetchResult> results = take_all(fetcher);
  check_all_ok(results, 1);
  return fetcher.worker_pids().at(static_cast<std::size_t>(results.at(0).worker));
}

bool is_gone(int pid) {
  return kill(pid, 0) != 0;
}

char state_of(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? '\0' : text[name_end + 2];
}

void stop_process(int pid) {
  REQUIRE(kill(pid, SIGSTOP) == 0);
  for (TimePoint end = Clock::now() + 10s; state_of(pid) != 'T' && Clock::now() < end;)
    std::this_thread::yield();
  REQUIRE(state_of(pid) == 'T');
}

TEST_CASE("a worker that is stopped is replaced and its transfers are made again", "[hangs]") {
  test::Origin origin;
  Fetcher fetcher(impatient(2));
  int stopped = warm_up(fetcher, origin);
  stop_process(stopped);
  for (int i = 0; i < 60; ++i) fetcher.submit(origin.url("/ok?i=" + std::to_string(i)));
  check_all_ok(take_all(fetcher), 60);
  CHECK(fetcher.counts().workers_replaced >= 1);
  CHECK(is_gone(stopped));
  std::vector<std::string> warnings = fetcher.take_warnings();
  CAPTURE(warnings);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] ==
        "worker process " + std::to_string(stopped) + " did not respond and is replaced");
}

#if defined(__x86_64__)
// Puts an endless loop where the process is. False: that is not allowed here.
[[maybe_unused]] bool make_spin(int pid) {
  if (ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) != 0) return false;
  waitpid(pid, nullptr, __WALL);
  struct user_regs_struct registers {};
  ptrace(PTRACE_GETREGS, pid, nullptr, &registers);
  long word = ptrace(PTRACE_PEEKTEXT, pid, registers.rip, nullptr);
  ptrace(PTRACE_POKETEXT, pid, registers.rip, (word & ~0xffffL) | 0xfeebL);
  registers.orig_rax = ~0ULL;  // no system call to begin again
  ptrace(PTRACE_SETREGS, pid, nullptr, &registers);
  return ptrace(PTRACE_DETACH, pid, nullptr, nullptr) == 0;
}

#ifndef __SANITIZE_ADDRESS__  // whose search for leaks does not work under ptrace
TEST_CASE("a worker that spins is replaced and its transfers are made again", "[hangs]") {
  test::Origin origin;
  Fetcher fetcher(impatient(2));
  int spinning = warm_up(fetcher, origin);
  if (!make_spin(spinning)) {
    std::cerr << "NOT SHOWN: this system lets no process be changed by another one\n";
    return;
  }
  for (int i = 0; i < 60; ++i) fetcher.submit(origin.url("/ok?i=" + std::to_string(i)));
  check_all_ok(take_all(fetcher), 60);
  CHECK(fetcher.counts().workers_replaced >= 1);
  CHECK(is_gone(spinning));
}
#endif

// Takes what lies in the pipe from which the worker reads its requests.
std::size_t steal_requests(int worker) {
  for (int fd = 3; fd < 20; ++fd) {
    std::string path = "/proc/" + std::to_string(worker) + "/fd/" + std::to_string(fd);
    struct stat info {};
    if (stat(path.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode)) continue;
    struct stat link {};
    if (lstat(path.c_str(), &link) != 0 || (link.st_mode & S_IRUSR) == 0) continue;
    UniqueFd pipe(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::vector<char> bytes(1 << 20);
    return posix::read_some(pipe.get(), bytes.data(), bytes.size()).value_or(0);
  }
  return 0;
}
#endif

TEST_CASE("a worker that is deaf to its channel is replaced", "[hangs]") {
  test::Origin origin;
  Fetcher fetcher(impatient(1));
  int deaf = warm_up(fetcher, origin);
  stop_process(deaf);
  for (int i = 0; i < 20; ++i) fetcher.submit(origin.url("/ok?i=" + std::to_string(i)));
  fetcher.wait(0s);
  REQUIRE(steal_requests(deaf) > 0);
  kill(deaf, SIGCONT);
  check_all_ok(take_all(fetcher), 20);
  CHECK(is_gone(deaf));
  std::vector<std::string> warnings = fetcher.take_warnings();
  CAPTURE(warnings);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], ContainsSubstring("does not take up its work"));
}

TEST_CASE("a transfer that a worker does not end in time is ended by the parent", "[hangs]") {
  test::Origin origin;
  FetchOptions options = impatient(1);
  options.worker_timeout = 3s;
  options.connect_timeout = 300ms;
  options.max_time = 700ms;
  Fetcher fetcher(options);
  int worker = warm_up(fetcher, origin);
  fetcher.submit(origin.url("/hang"));
  while (origin.counts_of_behaviour("/hang").requests == 0) fetcher.wait(10ms);
  // Stopped for most of the time, it never reaches its own deadline, but beats.
  std::vector<FetchResult> results;
  auto wait = [&](Clock::duration time) {
    for (FetchResult& result : fetcher.wait(time)) results.push_back(std::move(result));
  };
  TimePoint end = Clock::now() + 30s;
  while (!is_gone(worker) && Clock::now() < end) {
    kill(worker, SIGSTOP);
    TimePoint stopped_until = Clock::now() + 2s;
    while (!is_gone(worker) && Clock::now() < stopped_until) wait(10ms);
    kill(worker, SIGCONT);
    wait(50ms);
  }
  CHECK(is_gone(worker));
  // Made again, alone, it ends by itself.
  for (FetchResult& result : take_all(fetcher)) results.push_back(std::move(result));
  REQUIRE(results.size() == 1);
  CHECK(results[0].outcome == Outcome::timeout);
  CHECK(fetcher.counts().workers_replaced == 1);
  std::vector<std::string> warnings = fetcher.take_warnings();
  CAPTURE(warnings);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], ContainsSubstring("does not end a transfer"));
}

// What a process with a Fetcher reports when it is done.
struct Report {
  int ok = 0;
  int replaced = 0;
  int workers = 0;
};

constexpr int kPages = 40;

Report fetch_slow_pages(const test::Origin& origin, int started) {
  FetchOptions options = impatient(2);
  options.max_time = 1500ms;
  options.connect_timeout = 500ms;
  Fetcher fetcher(options);
  for (int i = 0; i < kPages; ++i)
    fetcher.submit(origin.url("/slow/" + std::to_string(i) + "?ms=300"));
  fetcher.wait(0s);
  posix::write_all(started, "s", 1);
  Report report;
  for (const FetchResult& result : take_all(fetcher)) report.ok += result.outcome == Outcome::ok;
  report.replaced = static_cast<int>(fetcher.counts().workers_replaced);
  report.workers = static_cast<int>(fetcher.worker_pids().size());
  return report;
}

// The workers are in the group of their host.
void signal_all(pid_t host, int signal) {
  REQUIRE(kill(-host, signal) == 0);
  int spawners = 0;
  for (const test::Process& process : test::processes_tagged(test::program_tag()))
    if (process.name == "fetchpool-spawn" && kill(process.pid, signal) == 0) ++spawners;
  CHECK(spawners == 2);
}

TEST_CASE("a machine that stands still and goes on kills no worker and fails no URL", "[hangs]") {
  test::Origin origin;
  posix::FdPair pipe = posix::make_pipe();
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    pipe.first.reset();
    Report report = fetch_slow_pages(origin, pipe.second.get());
    posix::write_all(pipe.second.get(), reinterpret_cast<const char*>(&report), sizeof report);
    _exit(0);
  }
  pipe.second.reset();
  char started = 0;
  REQUIRE(posix::read_some(pipe.first.get(), &started, 1) == 1);
  for (int round = 1; round <= 2; ++round) {
    origin.wait_for_requests("/slow/" + std::to_string(round * 8), 1);
    signal_all(child, SIGSTOP);
    std::this_thread::sleep_for(2500ms);
    signal_all(child, SIGCONT);
  }
  Report report;
  std::size_t count = 0;
  while (count < sizeof report) {
    auto got = posix::read_some(pipe.first.get(), reinterpret_cast<char*>(&report) + count,
                                sizeof report - count);
    if (!got || *got == 0) break;
    count += *got;
  }
  waitpid(child, nullptr, 0);
  REQUIRE(count == sizeof report);
  CHECK(report.ok == kPages);
  CHECK(report.replaced == 0);
  CHECK(report.workers == 2);
}

}  // namespace
}  // namespace fetchpool
