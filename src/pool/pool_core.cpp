#include "pool/pool_core.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/posix.h"
#include "fetchpool/pool_error.h"
#include "pool/timed_wait.h"

namespace fetchpool::detail {
namespace {

const PoolOptions& checked(const PoolOptions& options) {
  if (options.processes < 0) throw Error("a pool needs at least 1 process");
  if (options.max_tasks_per_child < 0) throw Error("max_tasks_per_child must not be negative");
  if (options.attempts < 1) throw Error("attempts must be 1 or more");
  if (options.task_timeout.count() < 0) throw Error("task_timeout must not be negative");
  return options;
}

void check(const CallOptions& options) {
  if (options.attempts < 0) throw Error("attempts must not be negative");
  if (options.task_timeout.count() < 0) throw Error("task_timeout must not be negative");
}

}  // namespace

PoolCore::PoolCore(const PoolOptions& options)
    : options_(checked(options)),
      processes_(options.processes > 0 ? options.processes : posix::usable_cpus()),
      owner_(getpid()),
      spawner_(process::Spawner::obtain(
          {.keep_descriptors = true, .allow_threads = options.allow_threads})) {
  for (const WorkerCall* call : {&options_.initializer, &options_.on_exit})
    if (call->is_set()) check(call->task());
  loop_.emplace(options_, processes_, spawner_, inbox_, state_, callbacks_);
}

PoolCore::~PoolCore() {
  if (thread_.joinable()) thread_.detach();
}

void PoolCore::start() {
  thread_ = pool::start_thread([self = shared_from_this()] { self->loop_->run(self); });
}

bool PoolCore::is_owner() const {
  return getpid() == owner_;
}

void PoolCore::check(TaskAddress task) const {
  auto trampoline = reinterpret_cast<std::uintptr_t>(task.trampoline);
  for (std::uintptr_t code : {trampoline, task.function}) {
    if (code == 0) continue;
    if (auto objection = spawner_->images().objection_to(code))
      throw SerializationError("the function cannot be called in the workers: " + *objection);
  }
}

Call::Settings PoolCore::settings_for(const CallOptions& options, Finish finish) const {
  Call::Settings settings;
  settings.attempts = options.attempts > 0 ? options.attempts : options_.attempts;
  settings.task_timeout =
      options.task_timeout.count() > 0 ? options.task_timeout : options_.task_timeout;
  settings.fail_fast = options.fail_fast;
  settings.finish = std::move(finish);
  settings.progress = options.progress;
  return settings;
}

std::size_t PoolCore::chunksize_for(const CallOptions& options, std::size_t elements) const {
  constexpr std::size_t kMost = std::size_t{1} << 31;
  if (options.chunksize > 0) return std::min(options.chunksize, kMost);
  if (options.task_timeout.count() > 0 || options_.task_timeout.count() > 0) return 1;
  std::size_t parts = static_cast<std::size_t>(processes_) * 4;
  return std::clamp<std::size_t>((elements + parts - 1) / parts, 1, kMost);
}

// A worker that was sent more would end, and the next one, and the next.
void PoolCore::check(const ChunkWriter::Chunk& chunk) const {
  if (chunk.arguments.size() + 64 > options_.max_message)
    throw SerializationError("the arguments have " + std::to_string(chunk.arguments.size()) +
                             " bytes, more than PoolOptions::max_message");
}

CallPtr PoolCore::start_call(TaskAddress function, std::vector<ChunkWriter::Chunk> chunks,
                             const CallOptions& options, Finish finish, Delivery delivery) {
  detail::check(options);
  check(function);
  std::size_t elements = 0;
  for (const auto& chunk : chunks) {
    check(chunk);
    elements += chunk.count;
  }
  auto call = std::make_shared<Call>(weak_from_this(), settings_for(options, std::move(finish)),
                                     elements, delivery);
  std::vector<pool::Task> tasks;
  tasks.reserve(chunks.size());
  std::size_t first = 0;
  for (auto& chunk : chunks) {
    tasks.push_back({call, first, chunk.count, 0, 0, function, std::move(chunk.arguments)});
    first += chunk.count;
  }
  bool posted = inbox_.post([&](pool::Commands& commands) {
    if (phase_ != Phase::running) throw Error("the pool is closed: it takes no more calls");
    if (tasks.empty()) commands.ended.push_back(call);
    commands.tasks.insert(commands.tasks.end(), tasks.begin(), tasks.end());
  });
  return posted ? call : refuse(call, tasks);
}

// The pool ended by itself: the call ends with the reason.
CallPtr PoolCore::refuse(const CallPtr& call, const std::vector<pool::Task>& tasks) {
  std::exception_ptr reason;
  {
    std::lock_guard lock(state_.mutex);
    reason = state_.broken;
  }
  if (!reason || phase_ != Phase::running)
    throw Error("the pool is closed: it takes no more calls");
  for (const pool::Task& task : tasks) call->deliver({task.first, task.count, {}, reason});
  call->end();
  return call;
}

CallPtr PoolCore::start_stream(TaskAddress function, const CallOptions& options,
                               Delivery delivery) {
  detail::check(options);
  check(function);
  if (phase_ != Phase::running) throw Error("the pool is closed: it takes no more calls");
  return std::make_shared<Call>(weak_from_this(), settings_for(options, {}), 0, delivery);
}

bool PoolCore::add_chunk(const CallPtr& call, TaskAddress function, ChunkWriter::Chunk chunk,
                         std::size_t first) {
  check(chunk);
  pool::Task task{call, first, chunk.count, 0, 0, function, std::move(chunk.arguments)};
  bool taken = false;
  bool posted = inbox_.post([&](pool::Commands& commands) {
    if (phase_ != Phase::running) return;
    commands.tasks.push_back(task);
    taken = true;
  });
  if (posted) return taken;
  std::lock_guard lock(state_.mutex);
  if (!state_.broken) return false;
  call->deliver({task.first, task.count, {}, state_.broken});
  return true;
}

bool PoolCore::cancel(Call& call, bool running) {
  if (!is_owner()) return false;
  std::promise<bool> answer;
  auto shared = call.shared_from_this();
  bool posted = inbox_.post([&](pool::Commands& commands) {
    commands.cancels.push_back({shared, running, &answer});
  });
  return posted && answer.get_future().get();
}

void PoolCore::abandon(Call& call) {
  if (!is_owner()) return;
  auto shared = call.shared_from_this();
  inbox_.post([&](pool::Commands& commands) { commands.cancels.push_back({shared}); });
}

void PoolCore::close() {
  inbox_.post([this](pool::Commands& commands) {
    if (phase_ == Phase::running) phase_ = Phase::closed;
    commands.close = true;
  });
  if (phase_ == Phase::running) phase_ = Phase::closed;
}

void PoolCore::terminate() {
  phase_ = Phase::terminated;
  inbox_.post([](pool::Commands& commands) { commands.terminate = true; });
  wait_ended(std::nullopt);
}

bool PoolCore::wait_ended(std::optional<std::chrono::nanoseconds> timeout) const {
  std::unique_lock lock(state_.mutex);
  auto ended = [this] { return state_.ended; };
  if (timeout) return pool::wait_for(state_.changed, lock, *timeout, ended);
  state_.changed.wait(lock, ended);
  return true;
}

void PoolCore::wait_all_ready() const {
  std::unique_lock lock(state_.mutex);
  state_.changed.wait(lock, [this] { return state_.all_were_ready; });
}

bool PoolCore::join(std::optional<std::chrono::nanoseconds> timeout) {
  if (phase_ == Phase::running)
    throw Error("the pool is still running: join() comes after close() or terminate()");
  if (callbacks_.is_here()) throw Error("a callback cannot wait for its own end: join()");
  TimePoint begin = Clock::now();
  if (!wait_ended(timeout)) return false;
  if (timeout) *timeout = std::max<std::chrono::nanoseconds>(*timeout - (Clock::now() - begin), {});
  if (!callbacks_.wait_ended(timeout)) return false;
  std::lock_guard lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
  callbacks_.join();
  return true;
}

void PoolCore::end() {
  terminate();
  if (!callbacks_.is_here()) join(std::nullopt);
}

}  // namespace fetchpool::detail
