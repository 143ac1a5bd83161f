#include "fetch/function_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "base/byte_buffer.h"
#include "base/current_exception.h"
#include "fetchpool/codec.h"
#include "fetchpool/fetch_map.h"

namespace fetchpool::engine {
namespace {

std::string error_answer(const std::string& why) {
  Encoder out;
  out.raw(false);
  Codec<std::string>::encode(why, out);
  return out.release();
}

// The body, in one piece.
std::string_view whole_body(ReceivedBody& body, ByteBuffer& buffer) {
  buffer.clear();
  if (body.is_small())
    body.append_to(buffer);
  else
    while (body.append_next_part(buffer)) continue;
  return buffer.view();
}

}  // namespace

// What both threads see. The function's thread keeps it alive.
struct FunctionThread::Shared {
  Shared(const detail::PageTask& function_task, process::StatusPage& status_page, int status_slot)
      : task(function_task),
        status(status_page),
        slot(status_slot),
        done_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!done_fd.is_open()) throw SystemError("cannot make an event descriptor", errno);
  }

  void run();
  std::string call(const MappedHop& hop);
  void leave_if_copy() const;

  const detail::PageTask task;
  process::StatusPage& status;
  const int slot;
  UniqueFd done_fd;
  const pid_t process = getpid();
  ByteBuffer body;  // of the page that runs

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<MappedHop> waiting;
  std::optional<MappedHop> running;
  TimePoint since{};
  bool given_up = false;  // what runs
  std::vector<MappedHop> done;
  bool ends = false;
};

void FunctionThread::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return ends || !waiting.empty(); });
    if (ends) return;
    running = std::move(waiting.front());
    waiting.pop_front();
    since = Clock::now();
    MappedHop& hop = *running;
    lock.unlock();
    // The other thread counts in the status page, too. A count that is lost harms nobody; the
    // entry is this thread's alone.
    status.begin(slot, hop.transfer->job(), since);
    std::string answer = call(hop);
    lock.lock();
    if (given_up) return;  // the process is about to end
    status.end(slot);
    running->answer = std::move(answer);
    done.push_back(std::move(*running));
    running.reset();
    std::uint64_t one = 1;
    (void)!write(done_fd.get(), &one, sizeof one);
  }
}

std::string FunctionThread::Shared::call(const MappedHop& hop) {
  const HopResult& result = hop.result;
  Encoder out;
  out.raw(true);
  try {
    Page page{hop.transfer->request().url, result.response_code, result.content_type,
              result.headers, whole_body(hop.transfer->body(), body)};
    task.trampoline(task.function, page, out);
    leave_if_copy();
    return out.release();
  } catch (...) {
    leave_if_copy();
    return error_answer(describe_current_exception());
  }
}

// A function may fork, and both of them return: only one of them is the worker.
void FunctionThread::Shared::leave_if_copy() const {
  if (getpid() != process) _exit(0);
}

FunctionThread::FunctionThread(const detail::PageTask& task, process::StatusPage& status, int slot)
    : shared_(std::make_shared<Shared>(task, status, slot)) {
  std::thread([shared = shared_] { shared->run(); }).detach();
}

FunctionThread::~FunctionThread() {
  std::lock_guard lock(shared_->mutex);
  shared_->ends = true;
  shared_->changed.notify_one();
}

void FunctionThread::add(Transfer& transfer, HopResult&& result) {
  ++held_;
  std::lock_guard lock(shared_->mutex);
  shared_->waiting.push_back({&transfer, std::move(result), {}});
  shared_->changed.notify_one();
}

int FunctionThread::fd() const {
  return shared_->done_fd.get();
}

std::vector<MappedHop> FunctionThread::take_done() {
  std::uint64_t count = 0;
  (void)!read(shared_->done_fd.get(), &count, sizeof count);
  std::lock_guard lock(shared_->mutex);
  held_ -= shared_->done.size();
  return std::exchange(shared_->done, {});
}

std::optional<TimePoint> FunctionThread::running_since() const {
  std::lock_guard lock(shared_->mutex);
  bool runs = shared_->running && !shared_->given_up;
  return runs ? std::optional(shared_->since) : std::nullopt;
}

std::optional<MappedHop> FunctionThread::give_up_running(const std::string& why) {
  std::lock_guard lock(shared_->mutex);
  if (!shared_->running || shared_->given_up) return std::nullopt;
  shared_->given_up = true;
  // A copy: the thread still reads from it.
  return MappedHop{shared_->running->transfer, shared_->running->result, error_answer(why)};
}

}  // namespace fetchpool::engine
