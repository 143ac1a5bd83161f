#include "ipc/shared_arena.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::ipc {
namespace {

// The states have the first bytes of the memory to themselves.
constexpr std::size_t kStatesSize = 4096;

std::size_t granules_for(std::size_t size) {
  return (size + SharedArena::kGranule - 1) / SharedArena::kGranule;
}

// Beyond the limit a signal would end the process.
bool is_within_file_limit(std::size_t size) {
  struct rlimit limit {};
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
         size <= limit.rlim_cur;
}

}  // namespace

// The arenas that this process reads from, so that a fork is noticed by all of them.
class SharedArena::OfProcess {
 public:
  static OfProcess& instance() {
    static auto* arenas = new OfProcess;  // to the very end: Bytes may be static
    return *arenas;
  }

  void add(SharedArena* arena) {
    std::lock_guard lock(mutex_);
    if (owner_ != getpid()) arenas_.clear();  // copies, of the arenas of a parent
    owner_ = getpid();
    arenas_.push_back(arena);
  }
  void remove(SharedArena* arena) {
    std::lock_guard lock(mutex_);
    std::erase(arenas_, arena);
  }
  void keep_all_held() {
    std::lock_guard lock(mutex_);
    keep_held();
  }
  // Held while an arena is read from, so that nothing is taken while the process forks.
  std::mutex& mutex() { return mutex_; }

 private:
  OfProcess() {
    pthread_atfork([] { instance().before_fork(); }, [] { instance().mutex_.unlock(); },
                   [] { instance().mutex_.unlock(); });
  }
  void before_fork() {
    mutex_.lock();
    keep_held();
  }
  void keep_held() {
    if (owner_ != getpid()) return;
    for (SharedArena* arena : arenas_) arena->keep_what_is_held();
  }

  std::mutex mutex_;
  pid_t owner_ = 0;
  std::vector<SharedArena*> arenas_;
};

void SharedArena::keep_all_held() {
  OfProcess::instance().keep_all_held();
}

std::shared_ptr<SharedArena> SharedArena::create(std::size_t size) {
  std::size_t granules = granules_for(size);
  if (granules == 0 || granules > kStatesSize)
    throw Error("shared memory of " + std::to_string(size) + " bytes cannot be made");
  std::size_t whole = kStatesSize + granules * kGranule;
  if (!is_within_file_limit(whole)) throw SystemError("cannot make shared memory", EFBIG);
  auto arena = std::shared_ptr<SharedArena>(
      new SharedArena(posix::make_memory("fetchpool-arena", whole), whole));
  OfProcess::instance().add(arena.get());
  return arena;
}

std::shared_ptr<SharedArena> SharedArena::attach(UniqueFd memory) {
  struct stat info {};
  if (fstat(memory.get(), &info) != 0 || info.st_size < static_cast<off_t>(kStatesSize))
    throw SystemError("cannot find the size of shared memory", errno);
  return std::shared_ptr<SharedArena>(
      new SharedArena(std::move(memory), static_cast<std::size_t>(info.st_size)));
}

SharedArena::SharedArena(UniqueFd memory, std::size_t size) : memory_(std::move(memory)) {
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (mapped == MAP_FAILED) throw SystemError("cannot map shared memory", errno);
  mapped_ = static_cast<char*>(mapped);
  mapped_size_ = size;
  data_ = mapped_ + kStatesSize;
  granules_ = (size - kStatesSize) / kGranule;
}

SharedArena::~SharedArena() {
  OfProcess::instance().remove(this);
  munmap(mapped_, mapped_size_);
}

void SharedArena::set(std::size_t first, std::size_t count, State state) {
  for (std::size_t i = first; i < first + count; ++i)
    states()[i].store(state, std::memory_order_release);
}

std::size_t SharedArena::first_granule(std::span<char> run) const {
  return static_cast<std::size_t>(run.data() - data_) / kGranule;
}

// The first run that is free: what was used last is most likely in the processor's cache, and
// memory that is never reached is never touched.
std::span<char> SharedArena::reserve(std::size_t size) {
  std::size_t wanted = granules_for(size);
  std::size_t run = 0;
  for (std::size_t i = 0; i < granules_; ++i) {
    run = states()[i].load(std::memory_order_acquire) == kFree ? run + 1 : 0;
    if (run < wanted) continue;
    std::size_t first = i + 1 - wanted;
    set(first, wanted, kWriters);
    return {data_ + first * kGranule, wanted * kGranule};
  }
  return {};
}

SharedArena::Extent SharedArena::hand_over(std::span<char> reserved, std::size_t used) {
  release(reserved.subspan(granules_for(used) * kGranule));
  return {static_cast<std::uint64_t>(reserved.data() - data_), used};
}

void SharedArena::release(std::span<char> reserved) {
  if (!reserved.empty()) set(first_granule(reserved), reserved.size() / kGranule, kFree);
}

void SharedArena::give_back(std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) {
    std::uint8_t state = kReaders;
    states()[i].compare_exchange_strong(state, kFree, std::memory_order_acq_rel);
  }
}

void SharedArena::keep_what_is_held() {
  for (std::size_t i = 0; i < granules_; ++i) {
    std::uint8_t state = kReaders;
    states()[i].compare_exchange_strong(state, kForked, std::memory_order_acq_rel);
  }
}

// Whether the run was handed over; from then on it is the reader's.
bool SharedArena::take_run(std::size_t first, std::size_t count) {
  std::lock_guard lock(OfProcess::instance().mutex());
  for (std::size_t i = first; i < first + count; ++i)
    if (states()[i].load(std::memory_order_acquire) != kWriters) return false;
  set(first, count, kReaders);
  return true;
}

std::optional<Bytes> SharedArena::take(Extent extent) {
  std::size_t first = extent.offset / kGranule;
  if (extent.offset % kGranule != 0 || first >= granules_ || extent.size == 0) return std::nullopt;
  if (extent.size > (granules_ - first) * kGranule) return std::nullopt;
  std::size_t count = granules_for(extent.size);
  if (!take_run(first, count)) return std::nullopt;
  auto give_back = [arena = shared_from_this(), first, count](const char*) {
    arena->give_back(first, count);
  };
  std::string_view view(data_ + extent.offset, extent.size);
  return Bytes(std::shared_ptr<const char>(view.data(), std::move(give_back)), view);
}

}  // namespace fetchpool::ipc
