// What can be said about a Pool and about one call of it.
#pragma once

#include <any>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <typeinfo>
#include <utility>

#include "fetchpool/detail/task_function.h"

namespace fetchpool {

// A function and its arguments, to be called in every worker: an initializer or an exit function.
// The function is a plain function or a lambda without captures, the arguments travel as those of
// tasks do.
class WorkerCall {
 public:
  WorkerCall() = default;
  template <class F, class... A>
  requires(!std::is_same_v<std::decay_t<F>, WorkerCall>)
      // NOLINTNEXTLINE(google-explicit-constructor): {.initializer = open_database}
      WorkerCall(F&& function, A&&... arguments) {
    using Task = detail::Task<F, A...>;
    task_ = Task::address(function);
    Encoder out;
    Task::encode(out, std::forward<A>(arguments)...);
    arguments_ = out.release();
  }

  bool is_set() const { return task_.trampoline != nullptr; }
  const detail::TaskAddress& task() const { return task_; }
  const std::string& arguments() const { return arguments_; }

 private:
  detail::TaskAddress task_;
  std::string arguments_;
};

// Of a Pool. Every field has its default.
struct PoolOptions {
  // Worker processes; 0: as many as CPUs this process may use (affinity and CPU quota).
  int processes = 0;
  // A worker is replaced by a fresh one after so many tasks (a chunk of a map counts as one);
  // 0: never.
  int max_tasks_per_child = 0;
  // Called once in every worker, before its first task. Where it throws, the worker is not used;
  // where it throws in all workers, the Pool is broken: tasks end with InitializerError.
  WorkerCall initializer{};
  // Called in every worker that leaves in peace (close(), max_tasks_per_child), after its last
  // task. See Pool::exit_results().
  WorkerCall on_exit{};
  // Defaults for the fields of these names of CallOptions.
  int attempts = 1;
  std::chrono::nanoseconds task_timeout{0};
  // As in PrepareOptions, where no prepare() was called.
  bool allow_threads = false;
  // The longest result and the longest chunk of arguments, in bytes; at most 4 GiB.
  std::size_t max_message = std::size_t{1} << 30;
};

// A function that is called with the result of a call: a T, or const T&, exactly of the type that
// the call's get() returns (for maps a std::vector). Takes functions and lambdas whose one
// parameter has a type; lambdas may capture.
class ResultCallback {
 public:
  ResultCallback() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, ResultCallback>)
      // NOLINTNEXTLINE(google-explicit-constructor): {.callback = [](int sum) {...}}
      ResultCallback(F function)
      : ResultCallback(std::move(function), typename detail::ParametersOf<F>::type()) {}

  bool is_set() const { return call_ != nullptr; }
  // Whether it takes a value of this type.
  bool accepts(const std::type_info& type) const { return *type_ == type; }
  // The name of the type it takes, as the compiler has it.
  const std::type_info& type() const { return *type_; }
  void operator()(void* value) const { call_(value); }

 private:
  template <class F, class P>
  ResultCallback(F function, detail::Types<P>)
      : type_(&typeid(std::decay_t<P>)),
        call_([function = std::move(function)](void* value) mutable {
          function(*static_cast<std::decay_t<P>*>(value));
        }) {}
  template <class F>
  ResultCallback(F function, detail::Types<>)
      : type_(&typeid(void)),
        call_([function = std::move(function)](void*) mutable { function(); }) {}

  const std::type_info* type_ = nullptr;
  std::function<void(void*)> call_;
};

// Of one call. Every field has its default. Functions given here run on the Pool's callback
// thread, one after the other: they may submit, cancel, close and terminate, but not join. A slow
// one delays other callbacks and the results that have some, nothing else.
struct CallOptions {
  // How often a task is begun at most when its worker dies under it; 0: as the Pool has it.
  // A task that throws is not run again.
  int attempts = 0;
  // A task that runs for longer ends with TaskTimeout, and its worker is replaced. Counted from
  // its real start, for each element by itself. 0: as the Pool has it; there 0 means no limit.
  std::chrono::nanoseconds task_timeout{0};
  // Elements sent to a worker together. 0: for maps, ceil(elements / (4 * processes)), or 1 where
  // there is a task_timeout; for imap 1.
  std::size_t chunksize = 0;
  // After the first element that fails, those not begun yet end with TaskCancelled.
  bool fail_fast = false;
  // imap: how many elements may have been read from the input and not yet been handed out; 0: twice
  // the workers, times chunksize.
  std::size_t max_in_flight = 0;
  // Called once with the result, just before it is ready. An exception from it takes the place of
  // the result. Not for imap.
  ResultCallback callback{};
  // Called once with the error instead. Where it throws, get() throws CallbackError, unless it
  // threw what it was given.
  std::function<void(std::exception_ptr)> error_callback{};
  // Called when elements have ended: how many so far, and of how many.
  std::function<void(std::size_t done, std::size_t total)> progress{};
};

}  // namespace fetchpool
