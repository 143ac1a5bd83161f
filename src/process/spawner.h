// The process that forks workers, seen from the parent.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "fetchpool/exit_status.h"
#include "ipc/shared_arena.h"
#include "process/loaded_images.h"
#include "process/worker_link.h"

namespace fetchpool::process {

// Which descriptors a worker has.
enum class WorkerDescriptors {
  only_its_own,  // its channel, and standard error; 0 and 1 are /dev/null
  inherited,     // also those that the spawner keeps for them; 0 is /dev/null
};

struct SpawnerOptions {
  // Whether the spawner keeps the descriptors of the host for workers that inherit them: those that
  // are open now and not our own.
  bool keep_descriptors = true;
  // Whether it may be made while the process has other threads: see fetchpool::prepare().
  bool allow_threads = false;
};

struct WorkerStart {
  WorkerFunction function = nullptr;
  int index = 0;
  WorkerDescriptors descriptors = WorkerDescriptors::only_its_own;
  // Whether the worker leads a process group of its own, which then ends with it.
  bool own_group = false;
  // Whether the channel is one socket (`out` not open) or two pipes.
  UniqueFd in;
  UniqueFd out;
  // Where it leaves large answers; may be null.
  std::shared_ptr<ipc::SharedArena> arena;
  std::size_t max_payload = 0;
};

// What a spawner says about one worker.
struct SpawnerReport {
  enum class Kind {
    born,        // `pid` runs
    refused,     // the system would not fork; `error_number` says why
    ended,       // reaped; `status` says how. Nothing of its process group is left
    lost,        // the spawner itself is gone, and all its workers with it
    spare_gone,  // of no worker: Spawner::restore_spare() should be called
  };
  Kind kind;
  std::uint32_t worker = 0;
  pid_t pid = 0;
  int error_number = 0;
  ExitStatus status{};
};

class SpawnerSession;

// A small single-threaded process that forks workers on request, reaps them and reports how they
// ended, together with an idle spare that takes its place when it is lost and makes a new spare.
// Both are forked when this object is made (where the host has threads, the spawner alone, which
// makes the spare at once): neither sees memory of later, nor do those that come after them. They
// leave when the host is gone in whatever way. Thread-safe.
class Spawner : public std::enable_shared_from_this<Spawner> {
 public:
  // Forks now. Throws Error where the process has threads and they were not allowed, PoolBroken
  // where the system will not fork.
  static std::shared_ptr<Spawner> create(const SpawnerOptions& options = {});
  // From now on create() throws Error with this reason in this process. For what does not survive a
  // fork.
  static void forbid_creation(const char* reason);
  // The one that prepare() made, or null.
  static std::shared_ptr<Spawner> root();
  // The root spawner where there is one, else a new one of the caller's own.
  static std::shared_ptr<Spawner> obtain(const SpawnerOptions& options = {});
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // Opens a session with the spawner that serves now. Where `lost_generation` is the one that
  // serves, the spare is put in its place first. Throws PoolBroken when both are gone.
  SpawnerSession open_session(std::optional<std::uint64_t> lost_generation = std::nullopt);

  // Has a new spare made where the one there was is gone.
  void restore_spare();
  // No session is opened any more. Ends the spare where it is there already, and waits for nothing.
  void end_spare();

  // The code that its workers have.
  const LoadedImages& images() const;

  // The process ids of the spawner that serves now and of its spare, once both are there; for tests
  // and messages.
  pid_t pid() const;
  pid_t spare_pid() const;

 private:
  struct State;
  Spawner(const SpawnerOptions& options, bool has_threads);

  std::unique_ptr<State> state_;
};

// One supervisor's conversation with the spawner. Workers started through it are ended when it is
// closed everywhere: by its last owner, or by end(). Not thread-safe.
class SpawnerSession {
 public:
  SpawnerSession() = default;
  // `spawner`: readable when the spawner has ended; not open where the system has no such thing.
  SpawnerSession(UniqueFd socket, UniqueFd spawner, std::uint64_t generation)
      : socket_(std::move(socket)), spawner_(std::move(spawner)), generation_(generation) {}

  bool is_open() const { return socket_.is_open() && !is_lost_; }
  std::uint64_t generation() const { return generation_; }
  // When one of them is readable, a report may be there. The second is -1 where the system cannot
  // tell the end of a process so; then only the first shows that the spawner is gone.
  int poll_fd() const { return socket_.get(); }
  int spawner_fd() const { return spawner_.get(); }

  // Asks for a worker, by an id of the caller's choice that it uses once only. Throws SystemError.
  void start(std::uint32_t worker, WorkerStart start, const StatusPage& status);
  // Sends SIGKILL (to its group where it leads one). A worker that has ended is not touched.
  void kill(std::uint32_t worker);
  // The next report that is there, never waiting. After `lost` there are none.
  std::optional<SpawnerReport> next_report();
  // Ends all workers of this session, and waits for nothing.
  void begin_end();
  // Ends all workers of this session, waits until they are gone, and closes it. Returns false when
  // that took longer than `within`.
  bool end(std::chrono::milliseconds within);

 private:
  UniqueFd socket_;
  UniqueFd spawner_;
  std::uint64_t generation_ = 0;
  bool is_lost_ = false;
};

}  // namespace fetchpool::process
