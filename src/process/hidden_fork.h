// Forking children that the host program does not notice.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace fetchpool::process {

// Whether the process has threads besides the calling one (and those of a sanitizer).
bool has_other_threads();

// As fork(2), but the child's end raises no signal and no wait of the host sees it: only
// waitid(2) with __WALL and the child's own id. What fork() of the C library does besides is left
// out, so this is for a process with one thread, and for a child that does little. Where the
// process has more threads, as the caller found, it is an ordinary fork().
pid_t fork_hidden(bool has_threads);

// The same, but the child is not a child of the caller: it is one of the caller's own parent.
// `process` becomes readable when the child has ended, where the system has such descriptors.
pid_t fork_hidden_sibling(UniqueFd& process);

}  // namespace fetchpool::process
