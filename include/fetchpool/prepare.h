// Making worker processes possible in programs that have threads.
#pragma once

namespace fetchpool {

struct PrepareOptions {
  // Permits prepare() in a process that already has other threads. The risk is then yours: if one
  // of them holds a lock of the C library (malloc is safe, but not getaddrinfo, localtime,
  // setlocale, dlopen) or of OpenSSL at that instant, workers that need the lock hang.
  bool allow_threads = false;
};

// Forks the process from which all later workers come, and remembers it for the whole program.
// Meant as the first line of main(): before threads, before large memory, before libcurl.
//
// Workers see the program's memory and loaded libraries as they are now. Without prepare(), each
// Pool or Fetcher does the same for itself in its constructor, which is only possible while the
// program has one thread.
//
// Calling it again does nothing. Throws Error when the process has other threads (unless allowed)
// and SystemError when the system refuses.
void prepare(const PrepareOptions& options = {});

}  // namespace fetchpool
