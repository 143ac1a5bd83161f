#include "fetch/engine_options.h"

#include <algorithm>
#include <random>

#include "fetch/limits.h"
#include "fetch/request_rules.h"
#include "fetch/transfer_settings.h"
#include "fetch/worker.h"

namespace fetchpool::engine {
namespace {

Clock::duration interval_of(double rate) {
  if (rate <= 0) return Clock::duration{0};
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
}

bool is_paced(const FetchOptions& options) {
  return options.limit_rate > 0 || options.rate > 0 || options.rate_per_host > 0 ||
         options.wait_per_host.count() > 0;
}

// Room for what the parent has not written yet, large bodies above all, which come in no order: of
// all workers together 32 MiB at most, where they are not more than that many. Only what is used is
// really there.
std::size_t arena_bytes(int workers) {
  return std::clamp((std::size_t{32} << 20) / static_cast<std::size_t>(workers),
                    std::size_t{1} << 20, std::size_t{16} << 20);
}

}  // namespace

std::uint64_t initial_share(const FetchOptions& options, int workers) {
  if (options.limit_rate == 0) return 0;
  return std::max<std::uint64_t>(1, options.limit_rate / static_cast<std::uint64_t>(workers));
}

process::SupervisorOptions supervisor_options(const FetchOptions& options, int workers,
                                              const detail::PageTask& task) {
  process::SupervisorOptions supervisor;
  supervisor.function = run_fetch_worker;
  supervisor.setup = TransferSettings{options, options.concurrency, initial_share(options, workers),
                                      is_paced(options), task}
                         .encode();
  // The last entry is that of the function.
  supervisor.running_per_worker = options.concurrency + (task.is_set() ? 1 : 0);
  supervisor.jobs_per_worker = options.concurrency * 2 + 16;
  supervisor.transport = process::SupervisorOptions::Transport::pipes;
  // More in all would use up the pipe quota of an ordinary user.
  supervisor.pipe_bytes =
      std::min(std::size_t{1} << 20, (std::size_t{16} << 20) / static_cast<std::size_t>(workers));
  supervisor.arena_bytes = arena_bytes(workers);
  supervisor.max_payload = kLongestPart + options.max_header_bytes * 2 + (std::size_t{1} << 20) +
                           kLargestRequest + (options.data ? options.data->size() : 0);
  if (options.warc) supervisor.max_payload += kLongestPart + options.max_header_bytes * 2;
  supervisor.descriptors = process::WorkerDescriptors::only_its_own;
  supervisor.silent_for = options.worker_timeout;
  return supervisor;
}

Schedule::Options schedule_options(const FetchOptions& options, int workers) {
  Schedule::Options schedule;
  schedule.total = options.concurrency;
  schedule.per_host = options.per_host;
  schedule.workers = workers;
  schedule.interval = interval_of(options.rate);
  schedule.host_interval = interval_of(options.rate_per_host);
  schedule.wait = options.wait_per_host;
  schedule.random_wait = options.random_wait;
  schedule.seed = std::random_device{}();
  schedule.max_host_errors = options.max_host_errors;
  return schedule;
}

}  // namespace fetchpool::engine
