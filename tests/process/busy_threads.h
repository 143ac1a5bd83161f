// A host with threads at their worst moment for a fork.
#pragma once

#include <atomic>
#include <deque>
#include <thread>

namespace fetchpool::process {

// While it lives, eight threads hold locks of the C library, the dynamic linker and OpenSSL most
// of the time: malloc, stdio, fflush, getaddrinfo, localtime, setlocale, dlopen, random numbers.
// All of them are at it when it is made; one that could not do its work fails the test program.
class BusyThreads {
 public:
  BusyThreads();
  ~BusyThreads();
  BusyThreads(const BusyThreads&) = delete;
  BusyThreads& operator=(const BusyThreads&) = delete;

 private:
  struct Busy {
    explicit Busy(const char* what) : name(what) {}

    const char* name;
    std::thread thread;
    std::atomic<bool> has_begun{false};
    int failures = 0;
  };

  void add(const char* name, bool (*work)());

  std::atomic<bool> stop_{false};
  std::deque<Busy> threads_;  // which stay where they are
};

}  // namespace fetchpool::process
