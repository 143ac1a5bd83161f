// Memory in which a worker leaves what is large for the parent, instead of copying it twice through
// a pipe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/unique_fd.h"
#include "fetchpool/bytes.h"

namespace fetchpool::ipc {

// Shared by one process that fills it and one that reads it. Neither waits for the other: where
// nothing is free, the writer has to take another way. Each run of memory goes from the writer to
// the reader by a message beside (its Extent), and is free again when the reader's last Bytes of it
// are gone. Whatever the writer does, the reader stays within its memory; what a writer changes
// after it was handed over is the writer's own answer.
//
// Where the reader's process forks, what it held then stays as it is for both, and is not free
// again.
class SharedArena : public std::enable_shared_from_this<SharedArena> {
 public:
  static constexpr std::size_t kGranule = std::size_t{64} << 10;

  // Where the filled bytes lie, as the writer says it to the reader.
  struct Extent {
    std::uint64_t offset;
    std::uint64_t size;
  };

  // Memory of `size` bytes, whole granules. Costs nothing until it is written. Throws SystemError,
  // also where the limit of file sizes is lower.
  static std::shared_ptr<SharedArena> create(std::size_t size);
  // The same memory in the other process, by the descriptor that it received. Throws SystemError.
  static std::shared_ptr<SharedArena> attach(UniqueFd memory);
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;
  ~SharedArena();

  int fd() const { return memory_.get(); }
  // Closes the descriptor; the memory stays mapped.
  void close_fd() { memory_.reset(); }

  // Writer: at least `size` bytes that are its own from now on; empty where no such run is free.
  std::span<char> reserve(std::size_t size);
  // Writer: hands the first `used` bytes of a reserved run over; the rest is free again.
  Extent hand_over(std::span<char> reserved, std::size_t used);
  // Writer: a reserved run is free again.
  void release(std::span<char> reserved);

  // Reader: the bytes of an extent that was handed over, once; nothing where it was not. The copies
  // of what it returns may be destroyed on any thread.
  std::optional<Bytes> take(Extent extent);

  // What this process holds of any arena now stays as it is. fork(2) sees to that; to be called
  // before a process with one thread is copied in another way.
  static void keep_all_held();

 private:
  class OfProcess;

  // Of each granule.
  enum State : std::uint8_t {
    kFree,
    kWriters,
    kReaders,
    kForked,  // more than one process may read it
  };
  using States = std::atomic<std::uint8_t>;

  SharedArena(UniqueFd memory, std::size_t size);
  States* states() const { return reinterpret_cast<States*>(mapped_); }
  std::size_t first_granule(std::span<char> run) const;
  void set(std::size_t first, std::size_t count, State state);
  void give_back(std::size_t first, std::size_t count);
  void keep_what_is_held();
  bool take_run(std::size_t first, std::size_t count);

  UniqueFd memory_;
  char* mapped_ = nullptr;  // the states, then the granules
  std::size_t mapped_size_ = 0;
  char* data_ = nullptr;
  std::size_t granules_ = 0;
};

}  // namespace fetchpool::ipc
