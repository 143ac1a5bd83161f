// A host with threads at their worst moment for a fork.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace fetchpool::process {

// While it lives, eight threads hold locks of the C library, the dynamic linker and OpenSSL most
// of the time: malloc, stdio, fflush, getaddrinfo, localtime, setlocale, dlopen, random numbers.
class BusyThreads {
 public:
  BusyThreads();
  ~BusyThreads();

 private:
  void loop(void (*work)());

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace fetchpool::process
