#include "fetchpool/pool.h"

#include <cxxabi.h>

#include <memory>

#include "pool/pool_core.h"
#include "pool/task_worker.h"

namespace fetchpool {
namespace {

std::shared_ptr<detail::PoolCore> make_core(const PoolOptions& options) {
  auto core = std::make_shared<detail::PoolCore>(options);
  core->start();
  return core;
}

PoolOptions with_processes(int processes) {
  if (processes < 1) throw Error("a pool needs at least 1 process");
  return {.processes = processes};
}

std::string readable(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return name ? name.get() : type.name();
}

// What the callback throws, null where it does not.
std::exception_ptr thrown_by(const std::function<void(std::exception_ptr)>& callback,
                             const std::exception_ptr& error) {
  try {
    callback(error);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

std::string what_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "the error callback threw";
  }
}

}  // namespace

int worker_id() {
  return pool::current_worker();
}

Pool::Pool() : core_(make_core({})) {}
Pool::Pool(int processes) : core_(make_core(with_processes(processes))) {}
Pool::Pool(const PoolOptions& options) : core_(make_core(options)) {}

Pool::~Pool() {
  if (core_->is_owner())
    core_->end();
  else
    // In a child that the host forked there are no threads and no workers: it is left as it is.
    new std::shared_ptr<detail::PoolCore>(std::move(core_));
}

void Pool::close() {
  core_->close();
}
void Pool::terminate() {
  core_->terminate();
}
void Pool::join() {
  core_->join(std::nullopt);
}
bool Pool::join(std::chrono::nanoseconds timeout) {
  return core_->join(timeout);
}

void Pool::drain() {
  close();
  join();
}

int Pool::processes() const {
  return core_->processes();
}

std::vector<int> Pool::worker_pids() const {
  core_->wait_all_ready();
  std::vector<int> pids;
  std::lock_guard lock(core_->state().mutex);
  for (const auto& worker : core_->state().insights.workers) pids.push_back(worker.pid);
  return pids;
}

PoolInsights Pool::insights() const {
  std::lock_guard lock(core_->state().mutex);
  return core_->state().insights;
}

namespace detail {

CallPtr start_call(PoolCore& pool, TaskAddress task, std::vector<ChunkWriter::Chunk> chunks,
                   const CallOptions& options, Finish finish, Delivery delivery) {
  return pool.start_call(task, std::move(chunks), options, std::move(finish), delivery);
}

std::size_t map_chunksize(const PoolCore& pool, const CallOptions& options, std::size_t elements) {
  return pool.chunksize_for(options, elements);
}

std::vector<Segment> exit_answers(const PoolCore& pool) {
  std::lock_guard lock(pool.state().mutex);
  return pool.state().exit_answers;
}

void check_callback(const ResultCallback& callback, const std::type_info& result) {
  if (!callback.is_set() || callback.accepts(result)) return;
  throw Error("the callback takes a " + readable(callback.type()) + ", and the result is a " +
              readable(result));
}

void run_error_callback(const std::function<void(std::exception_ptr)>& callback,
                        std::exception_ptr error) {
  if (!callback) return;
  try {
    std::rethrow_exception(error);
  } catch (...) {
    // Here the task's error is the current one, which CallbackError keeps as nested.
    std::exception_ptr thrown = thrown_by(callback, error);
    if (thrown && thrown != error) throw CallbackError(what_of(thrown), thrown);
  }
}

}  // namespace detail
}  // namespace fetchpool
