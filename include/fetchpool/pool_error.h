// How a task can fail: every task of a Pool ends as a value or as one of these.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "fetchpool/error.h"
#include "fetchpool/exit_status.h"

namespace fetchpool {

// Something happened to one task.
class TaskError : public Error {
 public:
  TaskError(const std::string& what, std::size_t task) : Error(what), task_(task) {}
  // Which element of the call's input, from 0 on; 0 for apply().
  std::size_t task() const { return task_; }

 private:
  std::size_t task_;
};

// An exception as it was seen in a worker.
struct RemoteCause {
  std::string type_name;  // as written in C++: "std::out_of_range"
  std::string what;       // empty where the type is no std::exception
};

// The task threw. `what()` is the what() of that exception, unchanged. The exception itself stays
// in the worker, so its type need not be copyable; see register_exception() for types that should
// arrive as themselves.
class RemoteError : public TaskError {
 public:
  RemoteError(RemoteCause thrown, std::vector<RemoteCause> nested, std::string stack,
              std::size_t task)
      : TaskError(thrown.what, task),
        thrown_(std::move(thrown)),
        nested_(std::move(nested)),
        stack_(std::move(stack)) {}

  const std::string& type_name() const { return thrown_.type_name; }
  // The exceptions nested in it (std::throw_with_nested), the outermost first.
  const std::vector<RemoteCause>& nested() const { return nested_; }
  // Where it was thrown, or thrown again: a line for each call, the innermost first, as in
  // "#0 parse(std::string const&)+0x1f (/usr/bin/program+0x4242)". Functions of a program have
  // names here where it is linked with -rdynamic; function and line of all others are told by
  // `addr2line -Cfe /usr/bin/program 0x4242`.
  const std::string& stack() const { return stack_; }

 private:
  RemoteCause thrown_;
  std::vector<RemoteCause> nested_;
  std::string stack_;
};

// The worker died while it ran the task: it crashed, was killed, or the task called exit().
class WorkerLost : public TaskError {
 public:
  struct Facts {
    ExitStatus status{};        // unknown where the spawner was lost as well
    int pid = 0;                // the worker's process id
    int attempts = 1;           // how often the task was begun
    bool spawner_lost = false;  // whether the worker died because the spawner did
    bool garbage = false;       // whether it was ended because it wrote what is no answer
  };
  WorkerLost(const Facts& facts, std::size_t task);

  const ExitStatus& status() const { return facts_.status; }
  int pid() const { return facts_.pid; }
  int attempts() const { return facts_.attempts; }
  bool spawner_lost() const { return facts_.spawner_lost; }

 private:
  Facts facts_;
};

// The task ran for longer than CallOptions::task_timeout. Its worker was ended.
class TaskTimeout : public TaskError {
 public:
  TaskTimeout(std::chrono::nanoseconds limit, std::size_t task);
  std::chrono::nanoseconds limit() const { return limit_; }

 private:
  std::chrono::nanoseconds limit_;
};

// The task was cancelled: by cancel(), by fail_fast, or because nobody reads its imap() any more.
class TaskCancelled : public Error {
 public:
  TaskCancelled();
};

// The Pool was terminated or destroyed before the task had ended.
class PoolTerminated : public Error {
 public:
  PoolTerminated();
};

// A function, an argument or a result cannot travel between the processes; `what()` says why.
class SerializationError : public Error {
 public:
  using Error::Error;
};

// The Pool's initializer failed in every worker, so none can be started.
class InitializerError : public PoolBroken {
 public:
  using PoolBroken::PoolBroken;
};

// What was waited for did not come in time. Nothing else changed: waiting again is possible.
class TimeoutError : public Error {
 public:
  using Error::Error;
};

// An error callback threw. `what()` is that of its exception; the task's own error is nested in
// this (std::nested_exception).
class CallbackError : public Error, public std::nested_exception {
 public:
  // To be constructed while the task's error is being handled.
  CallbackError(const std::string& what, std::exception_ptr thrown)
      : Error(what), thrown_(std::move(thrown)) {}
  const std::exception_ptr& thrown() const { return thrown_; }

 private:
  std::exception_ptr thrown_;
};

namespace detail {
using ExceptionMaker = std::exception_ptr (*)(const std::string& what);
void register_exception(const char* mangled_type_name, ExceptionMaker make);
}  // namespace detail

// From now on, exceptions of exactly this type that leave a task arrive as E(what) and not as
// RemoteError. To be called in the program that makes the Pool. Thread-safe.
template <class E>
void register_exception() {
  static_assert(std::is_constructible_v<E, const std::string&>,
                "fetchpool: a registered exception is made again from its what(), so it needs a "
                "constructor that takes a std::string");
  detail::register_exception(
      typeid(E).name(), [](const std::string& what) { return std::make_exception_ptr(E(what)); });
}

}  // namespace fetchpool
