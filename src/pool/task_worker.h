// The worker's side of a Pool.
#pragma once

#include "process/worker_link.h"

namespace fetchpool::pool {

// The function of a Pool's worker processes; its setup is a WorkerSetup.
int run_task_worker(process::WorkerLink& link);

// The place of the worker that this code runs in; -1 where it is none.
int current_worker();

}  // namespace fetchpool::pool
