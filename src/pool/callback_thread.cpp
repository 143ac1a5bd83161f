#include "pool/callback_thread.h"

#include <csignal>
#include <utility>

#include "pool/call.h"
#include "pool/pool_core.h"
#include "pool/timed_wait.h"

namespace fetchpool::pool {
namespace {

thread_local const CallbackThread* this_callback_thread = nullptr;

}  // namespace

std::thread start_thread(std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread(std::move(body));
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

CallbackThread::~CallbackThread() {
  if (thread_.joinable()) thread_.detach();
}

void CallbackThread::post(Job job, std::shared_ptr<const void> owner) {
  std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (!running_) {
    thread_ = start_thread([this, owner = std::move(owner)] { run(); });
    running_ = true;
  }
  changed_.notify_all();
}

void CallbackThread::run() {
  this_callback_thread = this;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) break;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = {};
    lock.lock();
  }
  running_ = false;
  changed_.notify_all();
}

void CallbackThread::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

bool CallbackThread::wait_ended(std::optional<std::chrono::nanoseconds> timeout) {
  std::unique_lock lock(mutex_);
  auto ended = [this] { return !running_; };
  if (timeout) return wait_for(changed_, lock, *timeout, ended);
  changed_.wait(lock, ended);
  return true;
}

void CallbackThread::join() {
  if (!thread_.joinable()) return;
  if (is_here())
    thread_.detach();
  else
    thread_.join();
}

bool CallbackThread::is_here() const {
  return this_callback_thread == this;
}

bool CallbackThread::is_current(const detail::Call* call) {
  auto pool = call->pool();
  return pool && pool->callbacks().is_here();
}

}  // namespace fetchpool::pool
