#include "fetch/limits.h"

#include <sys/resource.h>

#include <algorithm>

#include "fetch/request_rules.h"

namespace fetchpool::engine {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(message);
}

void check(const FetchOptions& options, int workers) {
  require(options.processes >= 0 && workers <= 1024, "processes must be 1 to 1024");
  require(options.concurrency >= 1 && options.concurrency <= 65535,
          "concurrency must be 1 to 65535");
  require(options.per_host >= 0, "per_host must not be negative");
  require(options.retries >= 0, "retries must not be negative");
  require(options.max_redirects >= 0, "max_redirects must not be negative");
  require(options.max_header_lines > 0 && options.max_header_bytes > 0,
          "the limits of headers must not be 0");
  require(options.connect_timeout.count() >= 0 && options.max_time.count() >= 0 &&
              options.retry_delay.count() >= 0 && options.max_retry_delay.count() >= 0 &&
              options.max_retry_after.count() >= 0 && options.speed_time.count() >= 0,
          "times must not be negative");
  require(options.worker_timeout.count() >= 0, "worker_timeout must not be negative");
  constexpr double kMostRate = 1e6;
  require(options.rate >= 0 && options.rate <= kMostRate && options.rate_per_host >= 0 &&
              options.rate_per_host <= kMostRate,
          "a rate must be 0 to 1,000,000 requests a second");
  require(options.wait_per_host.count() >= 0 && options.retry_max_time.count() >= 0 &&
              options.function_timeout.count() >= 0,
          "times must not be negative");
  require(options.max_host_errors >= 0, "max_host_errors must not be negative");
  require(options.stop_after.count() >= 0, "times must not be negative");
  require(options.max_failures_percent >= 0 && options.max_failures_percent <= 100,
          "max_failures_percent must be 0 to 100");
  for (const auto* ranges : {&options.ok_status, &options.retry_on})
    for (const StatusRange& range : *ranges)
      require(100 <= range.first && range.first <= range.last && range.last <= 999,
              "response codes must be 100 to 999, the first of a range not above the last");
  check_request_options(options);
}

}  // namespace

int transfers_for(unsigned long long open_files) {
  // A worker's own: standard descriptors, channel, epoll, a CA file, and room for name look-ups.
  constexpr unsigned long long kOwn = 20;
  // A transfer: its socket, and at times a second one (happy eyeballs) or a spooled body.
  if (open_files <= kOwn + 2) return 1;
  return static_cast<int>(std::min<unsigned long long>((open_files - kOwn) / 2, 65535));
}

int workers_for(unsigned long long open_files) {
  // The parent's own: standard descriptors, list, output, signals, spawner, event loops, and what
  // starting a worker takes for a moment.
  constexpr unsigned long long kOwn = 24;
  if (open_files <= kOwn + 2) return 1;
  return static_cast<int>(std::min<unsigned long long>((open_files - kOwn) / 2, 1024));
}

FetchOptions checked(FetchOptions options, int workers, std::vector<std::string>& warnings) {
  check(options, workers);
  struct rlimit files {};
  getrlimit(RLIMIT_NOFILE, &files);
  int possible = files.rlim_cur == RLIM_INFINITY ? 65535 : transfers_for(files.rlim_cur);
  if (options.concurrency > possible) {
    options.concurrency = possible;
    warnings.push_back("concurrency lowered to " + std::to_string(possible) +
                       ": the limit of open files is " + std::to_string(files.rlim_cur) +
                       " (raise it with ulimit -n)");
  }
  // A worker that could not be started would be waited for.
  if (files.rlim_cur != RLIM_INFINITY) workers = std::min(workers, workers_for(files.rlim_cur));
  options.processes = workers;
  if (options.spool_directory.empty()) options.spool_directory = "/var/tmp";
  if (options.user_agent.empty()) options.user_agent = "fetchpool/" + std::string(version());
  return options;
}

}  // namespace fetchpool::engine
