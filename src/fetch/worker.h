// The fetch worker: what runs in each worker process of a Fetcher.
#pragma once

#include "process/worker_link.h"

namespace fetchpool::engine {

// Takes hops from the channel, runs them side by side and sends their results back. Returns when
// the parent wants no more. Its setup is an encoded TransferSettings.
int run_fetch_worker(process::WorkerLink& link);

}  // namespace fetchpool::engine
