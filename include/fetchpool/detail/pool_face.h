// What the templates of the Pool call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "fetchpool/detail/call.h"
#include "fetchpool/pool_options.h"

namespace fetchpool::detail {

// Runs the callbacks of a call that ended, on the callback thread. What it throws takes the place
// of the result.
using Finish = std::function<void(const Call&)>;

// Throws Error where the pool takes no calls, SerializationError where the task is not in the
// image of its workers.
CallPtr start_call(PoolCore& pool, TaskAddress task, std::vector<ChunkWriter::Chunk> chunks,
                   const CallOptions& options, Finish finish, Delivery delivery = Delivery::at_end);
std::size_t map_chunksize(const PoolCore& pool, const CallOptions& options, std::size_t elements);
std::vector<Segment> exit_answers(const PoolCore& pool);

void check_callback(const ResultCallback& callback, const std::type_info& result);
void run_error_callback(const std::function<void(std::exception_ptr)>& callback,
                        std::exception_ptr error);

template <class Value, class Read>
Finish make_finish(const CallOptions& options, Read read) {
  if (!options.callback.is_set() && !options.error_callback) return {};
  check_callback(options.callback, typeid(Value));
  return [callback = options.callback, error_callback = options.error_callback,
          read](const Call& call) {
    std::optional<std::conditional_t<std::is_void_v<Value>, std::monostate, Value>> value;
    std::exception_ptr error;
    try {
      if constexpr (std::is_void_v<Value>) {
        read(call);
        value.emplace();
      } else {
        value.emplace(read(call));
      }
    } catch (...) {
      error = std::current_exception();
    }
    if (error) return run_error_callback(error_callback, error);
    if (callback.is_set()) callback(&*value);
  };
}

// Encodes the elements of a range one by one, as arguments of Task. Moves on in the range only
// when the next element is wanted.
template <class Task, class Range>
std::function<bool(Encoder&)> encoder_of(Range&& range) {
  using Kept = std::conditional_t<std::is_lvalue_reference_v<Range>,
                                  std::remove_reference_t<Range>*, std::remove_reference_t<Range>>;
  struct State {
    Kept range;
    std::optional<std::ranges::iterator_t<std::remove_reference_t<Range>>> at{};
  };
  std::shared_ptr<State> state;
  if constexpr (std::is_lvalue_reference_v<Range>)
    state = std::make_shared<State>(State{&range});
  else
    state = std::make_shared<State>(State{std::forward<Range>(range)});
  return [state](Encoder& out) {
    auto& input = [&]() -> auto& {
      if constexpr (std::is_pointer_v<Kept>)
        return *state->range;
      else
        return state->range;
    }
    ();
    if (state->at)
      ++*state->at;
    else
      state->at.emplace(std::ranges::begin(input));
    if (*state->at == std::ranges::end(input)) return false;
    Task::encode(out, **state->at);
    return true;
  };
}

}  // namespace fetchpool::detail
