// What runs between fork and _exit: how a copy of the host becomes a spawner or a worker.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/unique_fd.h"
#include "process/spawner_messages.h"

namespace fetchpool::process {

// Signals as spawners and workers have them: those that a terminal or a service supervisor sends
// to everyone are taken and ignored, since the parent decides what they mean; nothing of the
// host's own remains. Leaves only `blocked` blocked.
void take_child_signals(const sigset_t& blocked);

// Closes all descriptors but 0, 1, 2 and these.
void keep_only(std::vector<int> fds);
// Makes `fd` /dev/null.
void replace_by_null(int fd);

// The rest of a worker's life, in a fresh child of the spawner. `host_fds`: what it keeps where it
// inherits descriptors.
[[noreturn]] void run_worker(const SpawnerRequest& start, ReceivedFds fds, pid_t spawner,
                             const std::vector<int>& host_fds);

}  // namespace fetchpool::process
