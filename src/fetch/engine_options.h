// What the layers under the engine are told of its options.
#pragma once

#include "fetch/schedule.h"
#include "fetchpool/detail/page_task.h"
#include "fetchpool/fetch.h"
#include "process/supervisor.h"

namespace fetchpool::engine {

process::SupervisorOptions supervisor_options(const FetchOptions& options, int workers,
                                              const detail::PageTask& task);
// The bytes a second that a worker takes for its share until it is told another; 0: no limit.
std::uint64_t initial_share(const FetchOptions& options, int workers);
Schedule::Options schedule_options(const FetchOptions& options, int workers);

}  // namespace fetchpool::engine
