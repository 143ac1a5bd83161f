// What a worker is doing right now, readable by the parent even after the worker died.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/posix.h"
#include "base/unique_fd.h"

namespace fetchpool::process {

// A piece of memory shared by the parent and one worker: a beat, and one entry for each job that
// runs now. The worker writes, the parent reads; neither ever waits for the other. Because a
// worker marks a job before it begins and clears it when its answer is complete, the entries of a
// dead worker name exactly the jobs that may have killed it.
class StatusPage {
 public:
  struct Running {
    std::uint64_t job;
    std::int64_t since_ns;  // Clock's time since epoch when the job really began
  };

  StatusPage() = default;
  // Memory for `jobs` jobs at once, and for `offers` jobs that were sent and can still be taken
  // back. The descriptor goes to the worker. Throws SystemError.
  static StatusPage create(int jobs, int offers = 0);
  // The same memory, by the descriptor that was received.
  static StatusPage attach(UniqueFd memory);
  StatusPage(const StatusPage&) = delete;
  StatusPage& operator=(const StatusPage&) = delete;
  StatusPage(StatusPage&& other) noexcept;
  StatusPage& operator=(StatusPage&& other) noexcept;
  ~StatusPage();

  int fd() const { return memory_.get(); }
  // Closes the descriptor; the memory stays mapped.
  void close_fd() { memory_.reset(); }

  // Worker: `slot` in [0, jobs) is the worker's own numbering of what it runs at once.
  void begin(int slot, std::uint64_t job) { begin(slot, job, Clock::now()); }
  void begin(int slot, std::uint64_t job, TimePoint now);
  void end(int slot);
  void beat();
  // Worker: whether the n-th job it received is its own to run. False: it was taken back, and the
  // worker should answer it with nothing.
  bool claim(std::uint64_t n);

  // Parent: offer() before the n-th job is sent, counted from 0. withdraw() takes it back, unless
  // the worker has claimed it. Of two jobs whose numbers differ by `offers`, the first must have
  // been answered before the second is offered.
  void offer(std::uint64_t n);
  bool withdraw(std::uint64_t n);

  // Parent.
  std::vector<Running> running() const;
  std::optional<std::int64_t> running_since(std::uint64_t job) const;
  std::uint64_t beats() const;
  std::uint64_t started() const;
  std::uint64_t finished() const;

 private:
  struct Layout;
  std::atomic<std::uint32_t>& offer_at(std::uint64_t n) const;
  StatusPage(UniqueFd memory, std::size_t size);

  UniqueFd memory_;
  Layout* layout_ = nullptr;
  std::size_t size_ = 0;
  int jobs_ = 0;
  std::uint64_t offers_ = 0;
};

}  // namespace fetchpool::process
