// The value that a task will have.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fetchpool/detail/call.h"
#include "fetchpool/detail/map_collector.h"

namespace fetchpool {

// What became of one task: its value, or its error.
template <class R>
class TaskOutcome {
 public:
  using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

  explicit TaskOutcome(Value value) : value_(std::move(value)) {}
  explicit TaskOutcome(std::exception_ptr error) : error_(std::move(error)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  // Throws the error where there is no value.
  Value& value() & {
    if (error_) std::rethrow_exception(error_);
    return *value_;
  }
  Value&& value() && { return std::move(value()); }
  Value& operator*() & { return value(); }
  // Null where there is a value.
  const std::exception_ptr& error() const { return error_; }

 private:
  std::optional<Value> value_;
  std::exception_ptr error_;
};

// What results of all kinds have in common. Copies share one result. May outlive the Pool: a Pool
// that goes leaves no result unfinished. Different objects may be used by different threads at the
// same time, copies of one result among them.
class AnyResult {
 public:
  // Whether the result is there, as a value or as an error.
  bool ready() const { return detail::is_ready(*call_); }
  // Waits until it is ready. A wait for a result on the Pool's own callback thread, where that
  // could never end, throws Error.
  void wait() const { detail::wait(*call_); }
  // The same for at most `timeout`; returns ready().
  bool wait(std::chrono::nanoseconds timeout) const { return detail::wait_for(*call_, timeout); }
  // Drops what has not begun, as TaskCancelled. With `running`, also ends what runs, by ending its
  // workers. Returns whether anything was cancelled; false where all has ended (or runs).
  bool cancel(bool running = false) const { return detail::cancel(*call_, running); }

 protected:
  explicit AnyResult(detail::CallPtr call) : call_(std::move(call)) {}
  void wait_or_throw(std::chrono::nanoseconds timeout) const {
    if (!wait(timeout)) throw TimeoutError("the result is not ready yet");
  }
  void require_ready() const {
    if (!ready()) throw Error("successful() was asked before the result was ready");
  }

  detail::CallPtr call_;
};

namespace detail {

template <class R>
TaskOutcome<R> first_outcome(const Call& call) {
  std::optional<TaskOutcome<R>> outcome;
  auto on_error = [&](std::exception_ptr error) { outcome.emplace(std::move(error)); };
  auto on_value = [&](Decoder& in) {
    if constexpr (std::is_void_v<R>)
      outcome.emplace(std::monostate());
    else
      outcome.emplace(decode_result<R>(in));
  };
  try {
    read_segment(segments(call).at(0), on_value, on_error);
  } catch (const SerializationError&) {
    outcome.emplace(std::current_exception());
  }
  return std::move(*outcome);
}

template <class R>
R value_of_apply(const Call& call) {
  if (auto error = replacement(call)) std::rethrow_exception(error);
  TaskOutcome<R> outcome = first_outcome<R>(call);
  if constexpr (std::is_void_v<R>)
    outcome.value();
  else
    return std::move(outcome).value();
}

template <class R>
using MapValue = std::conditional_t<std::is_void_v<R>, void, std::vector<R>>;

template <class R>
MapValue<R> value_of_map(const Call& call) {
  if (auto error = replacement(call)) std::rethrow_exception(error);
  MapCollector<R> collector(size(call));
  auto on_value = [&](Decoder& in) { collector.take(in); };
  auto on_error = [](const std::exception_ptr& error) { std::rethrow_exception(error); };
  for (const Segment& segment : segments(call)) read_segment(segment, on_value, on_error);
  return collector.finish();
}

// The same for a call whose segments are taken while it runs, so that no answer is held together
// with its value. Waits for all of them even where one is an error.
template <class R>
MapValue<R> collect_map(Call& call) {
  MapCollector<R> collector(size(call));
  std::exception_ptr first_error;
  auto on_value = [&](Decoder& in) { collector.take(in); };
  auto on_error = [](const std::exception_ptr& error) { std::rethrow_exception(error); };
  for (std::size_t next = 0; next < size(call);) {
    Segment segment = take_segment(call, next, std::nullopt);
    next += segment.count;
    try {
      if (!first_error) read_segment(segment, on_value, on_error);
    } catch (...) {
      first_error = std::current_exception();
    }
  }
  if (first_error) std::rethrow_exception(first_error);
  return collector.finish();
}

template <class R>
std::vector<TaskOutcome<R>> outcomes_of_segment(const Segment& segment) {
  std::vector<TaskOutcome<R>> outcomes;
  outcomes.reserve(segment.count);
  auto on_error = [&](std::exception_ptr error) { outcomes.emplace_back(std::move(error)); };
  auto on_value = [&](Decoder& in) {
    if constexpr (std::is_void_v<R>)
      outcomes.emplace_back(std::monostate());
    else
      outcomes.emplace_back(decode_result<R>(in));
  };
  try {
    read_segment(segment, on_value, on_error);
  } catch (const SerializationError&) {
    // What follows damage in the same run of bytes cannot be found any more.
    while (outcomes.size() < segment.count) outcomes.emplace_back(std::current_exception());
  }
  return outcomes;
}

}  // namespace detail

// The result of apply_async(). AsyncResult in older versions of Python.
template <class R>
class ApplyResult : public AnyResult {
 public:
  explicit ApplyResult(detail::CallPtr call) : AnyResult(std::move(call)) {}

  // Waits, then returns the value or throws the task's error: see pool_error.h. May be called any
  // number of times; each call makes a value of its own.
  R get() const {
    wait();
    return detail::value_of_apply<R>(*call_);
  }
  // The same, but throws TimeoutError where the result is not ready in time. The task goes on.
  R get(std::chrono::nanoseconds timeout) const {
    wait_or_throw(timeout);
    return detail::value_of_apply<R>(*call_);
  }
  // Whether it ended as a value. Throws Error where it is not ready.
  bool successful() const {
    require_ready();
    return !detail::replacement(*call_) && detail::first_outcome<R>(*call_).ok();
  }
};

template <class R>
using AsyncResult = ApplyResult<R>;

// The result of map_async() and starmap_async(): one element for each of the input, in its order.
// It is ready when all elements have ended, in whatever way.
template <class R>
class MapResult : public AnyResult {
 public:
  explicit MapResult(detail::CallPtr call) : AnyResult(std::move(call)) {}

  // Waits, then returns all values, or throws the error of the first element (in the order of the
  // input) that has one.
  detail::MapValue<R> get() const {
    wait();
    return detail::value_of_map<R>(*call_);
  }
  // The same, but throws TimeoutError where the result is not ready in time. The tasks go on.
  detail::MapValue<R> get(std::chrono::nanoseconds timeout) const {
    wait_or_throw(timeout);
    return detail::value_of_map<R>(*call_);
  }
  // Waits, then returns what became of every element. Throws only what a callback threw.
  std::vector<TaskOutcome<R>> results() const {
    wait();
    if (auto error = detail::replacement(*call_)) std::rethrow_exception(error);
    std::vector<TaskOutcome<R>> all;
    all.reserve(detail::size(*call_));
    for (const detail::Segment& segment : detail::segments(*call_))
      for (auto& outcome : detail::outcomes_of_segment<R>(segment))
        all.push_back(std::move(outcome));
    return all;
  }
  // Whether all elements ended as values. Throws Error where it is not ready.
  bool successful() const {
    require_ready();
    if (detail::replacement(*call_)) return false;
    for (const auto& outcome : results())
      if (!outcome.ok()) return false;
    return true;
  }
};

}  // namespace fetchpool
