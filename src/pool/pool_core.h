// What a Pool is behind its face.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "fetchpool/detail/pool_face.h"
#include "pool/call.h"
#include "pool/callback_thread.h"
#include "pool/inbox.h"
#include "pool/pool_loop.h"
#include "pool/pool_state.h"
#include "process/spawner.h"

namespace fetchpool::detail {

// Shared by the Pool, its threads and, weakly, its results. Thread-safe.
class PoolCore : public std::enable_shared_from_this<PoolCore> {
 public:
  explicit PoolCore(const PoolOptions& options);
  ~PoolCore();
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;
  // To be called once.
  void start();

  CallPtr start_call(TaskAddress task, std::vector<ChunkWriter::Chunk> chunks,
                     const CallOptions& options, Finish finish, Delivery delivery);
  // A call whose chunks come one by one; and the next of them. False: the pool takes no more.
  // Throws SerializationError where it is too large.
  CallPtr start_stream(TaskAddress task, const CallOptions& options, Delivery delivery);
  bool add_chunk(const CallPtr& call, TaskAddress task, ChunkWriter::Chunk chunk,
                 std::size_t first);
  bool cancel(Call& call, bool running);
  void abandon(Call& call);

  void close();
  void terminate();
  bool join(std::optional<std::chrono::nanoseconds> timeout);
  // For the destructor of the Pool: on whatever thread, in whatever process.
  void end();
  bool is_owner() const;

  int processes() const { return processes_; }
  std::size_t chunksize_for(const CallOptions& options, std::size_t elements) const;
  void wait_all_ready() const;
  const pool::PoolState& state() const { return state_; }
  pool::CallbackThread& callbacks() { return callbacks_; }

 private:
  enum class Phase { running, closed, terminated };

  Call::Settings settings_for(const CallOptions& options, Finish finish) const;
  void check(TaskAddress task) const;
  void check(const ChunkWriter::Chunk& chunk) const;
  bool wait_ended(std::optional<std::chrono::nanoseconds> timeout) const;
  CallPtr refuse(const CallPtr& call, const std::vector<pool::Task>& tasks);

  const PoolOptions options_;
  const int processes_;
  const pid_t owner_;
  std::shared_ptr<process::Spawner> spawner_;
  std::atomic<Phase> phase_ = Phase::running;
  pool::Inbox inbox_;
  pool::PoolState state_;
  pool::CallbackThread callbacks_;
  std::optional<pool::PoolLoop> loop_;
  std::thread thread_;
  std::mutex join_mutex_;
};

}  // namespace fetchpool::detail
