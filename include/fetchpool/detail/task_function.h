// How a function and its arguments become something that a worker can call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "fetchpool/bytes.h"
#include "fetchpool/codec.h"

namespace fetchpool::detail {

// One element as the worker runs it. `phase` tells the worker what an exception means.
struct ElementRun {
  enum class Phase { decoding, running, encoding };
  std::uintptr_t function = 0;
  Decoder* arguments = nullptr;
  Encoder* result = nullptr;  // null: only the arguments are to be skipped
  Phase phase = Phase::decoding;
  Bytes body{};  // belongs behind what was encoded: a large result is not copied
};
using Trampoline = void (*)(ElementRun&);

struct TaskAddress {
  Trampoline trampoline = nullptr;
  std::uintptr_t function = 0;  // 0 where the type of the task says all
};

template <class... P>
struct Types {};

// The parameters of a function pointer or of a functor with one operator(); void where there are
// several or it is a template.
template <class F, class = void>
struct ParametersOf {
  using type = void;
};
template <class R, class... P>
struct ParametersOf<R (*)(P...), void> {
  using type = Types<P...>;
};
template <class R, class... P>
struct ParametersOf<R (*)(P...) noexcept, void> {
  using type = Types<P...>;
};
template <class M>
struct MemberParameters;
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...)> {
  using type = Types<P...>;
};
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...) const> {
  using type = Types<P...>;
};
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...) noexcept> {
  using type = Types<P...>;
};
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...) const noexcept> {
  using type = Types<P...>;
};
template <class F>
struct ParametersOf<F, std::void_t<decltype(&F::operator())>> {
  using type = typename MemberParameters<decltype(&F::operator())>::type;
};

// What travels for a parameter or argument of type P: text as std::string.
template <class P>
struct StoredType {
  using type = std::decay_t<P>;
};
template <>
struct StoredType<std::string_view> {
  using type = std::string;
};
template <class P>
using Stored = typename StoredType<std::remove_cv_t<std::remove_reference_t<P>>>::type;

// Of a generic functor, whose parameters are its arguments, text literals travel as text, too.
template <class A>
using GenericParameter = std::conditional_t<std::is_convertible_v<std::decay_t<A>, const char*> &&
                                                std::is_pointer_v<std::decay_t<A>>,
                                            std::string, std::decay_t<A>>;

template <class F>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;

template <class F>
inline constexpr bool can_be_task = is_function_pointer<F> ||
                                    (std::is_empty_v<F> && std::is_default_constructible_v<F> &&
                                     !std::is_member_pointer_v<F>);

template <class P>
inline constexpr bool is_lost_reference =
    std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;

template <class P, class S>
decltype(auto) pass(S& stored) {
  if constexpr (std::is_same_v<std::remove_cv_t<std::remove_reference_t<P>>, S>)
    return static_cast<P&&>(stored);
  else
    return std::remove_cv_t<std::remove_reference_t<P>>(stored);
}

template <class F>
F make_function(std::uintptr_t address) {
  if constexpr (is_function_pointer<F>)
    return reinterpret_cast<F>(address);
  else
    return F{};
}

// From this size on a result is sent from where it lies.
inline constexpr std::size_t large_result = std::size_t{64} << 10;

template <class Returned, class V>
void encode_result(V& value, ElementRun& run) {
  using R = std::decay_t<Returned>;
  if constexpr (!std::is_reference_v<Returned> && is_run_of_bytes<R>) {
    std::size_t size = value.size() * sizeof(typename R::value_type);
    if (size >= large_result) {
      run.result->length(value.size());
      auto owner = std::make_shared<R>(std::move(value));
      std::string_view view(reinterpret_cast<const char*>(owner->data()), size);
      run.body = Bytes(std::move(owner), view);
      return;
    }
  }
  Codec<R>::encode(value, *run.result);
}

template <class F, class... P>
void run_element(ElementRun& run) {
  std::tuple<Stored<P>...> arguments{Codec<Stored<P>>::decode(*run.arguments)...};
  if (!run.result) return;
  run.phase = ElementRun::Phase::running;
  auto call = [&run](Stored<P>&... stored) -> decltype(auto) {
    return std::invoke(make_function<F>(run.function), pass<P>(stored)...);
  };
  using Returned = std::invoke_result_t<F, P...>;
  if constexpr (std::is_void_v<Returned>) {
    std::apply(call, arguments);
    run.phase = ElementRun::Phase::encoding;
  } else {
    auto&& value = std::apply(call, arguments);
    run.phase = ElementRun::Phase::encoding;
    encode_result<Returned>(value, run);
  }
}

// A task of type F (decayed) with parameters P.
template <class F, class... P>
struct BoundTask {
  static_assert((!is_lost_reference<P> && ...),
                "fetchpool: a task runs in another process, so what it changes through a reference "
                "is lost: return it instead");
  static_assert((!is_pointer_like<Stored<P>> && ...),
                "fetchpool: a pointer or reference means nothing in another process: send the "
                "value it points to (std::string for text)");
  static_assert(!is_pointer_like<std::decay_t<std::invoke_result_t<F, P...>>>,
                "fetchpool: a pointer or reference means nothing in another process: return the "
                "value it points to (std::string for text)");
  using Result = std::decay_t<std::invoke_result_t<F, P...>>;
  static constexpr std::size_t arity = sizeof...(P);

  static TaskAddress address(const F& function) {
    TaskAddress address;
    address.trampoline = &run_element<F, P...>;
    if constexpr (is_function_pointer<F>)
      address.function = reinterpret_cast<std::uintptr_t>(function);
    return address;
  }
  // One call's arguments.
  template <class... A>
  static void encode(Encoder& out, A&&... arguments) {
    static_assert(sizeof...(A) == sizeof...(P),
                  "fetchpool: the task takes another number of arguments (default arguments do "
                  "not travel)");
    if constexpr (sizeof...(A) == sizeof...(P)) (encode_one<Stored<P>>(out, arguments), ...);
  }

 private:
  template <class S, class A>
  static void encode_one(Encoder& out, A& argument) {
    if constexpr (std::is_same_v<S, std::remove_cv_t<A>>)
      Codec<S>::encode(argument, out);
    else
      Codec<S>::encode(static_cast<S>(argument), out);
  }
};

template <class F, class List, class... A>
struct TaskSelector;
template <class F, class... P, class... A>
struct TaskSelector<F, Types<P...>, A...> {
  using type = BoundTask<F, P...>;
};
template <class F, class... A>
struct TaskSelector<F, void, A...> {
  using type = BoundTask<F, GenericParameter<A>...>;
};

struct RefusedTask {
  using Result = int;
  template <class F>
  static TaskAddress address(const F&) {
    return {};
  }
  template <class... A>
  static void encode(Encoder&, A&&...) {}
};

template <bool accepted, class F, class... A>
struct TaskChooser {
  using type = RefusedTask;
};
template <class F, class... A>
struct TaskChooser<true, F, A...> {
  using type = typename TaskSelector<F, typename ParametersOf<F>::type, A...>::type;
};

// The task that calling `F` with arguments `A` makes.
template <class F, class... A>
struct TaskOf {
  using Function = std::decay_t<F>;
  static_assert(can_be_task<Function>,
                "fetchpool: a task is a plain function or a lambda without captures, because it "
                "runs in another process: pass what it captures as arguments instead");
  using type = typename TaskChooser<can_be_task<Function>, Function, A...>::type;
};
template <class F, class... A>
using Task = typename TaskOf<F, A...>::type;

// The task that calling `F` with the elements of a tuple makes.
template <class F, class Tuple>
struct StarTaskOf;
template <class F, class... A>
struct StarTaskOf<F, std::tuple<A...>> : TaskOf<F, A...> {};
template <class F, class A, class B>
struct StarTaskOf<F, std::pair<A, B>> : TaskOf<F, A, B> {};
template <class F, class Tuple>
using StarTask = typename StarTaskOf<F, std::remove_cv_t<std::remove_reference_t<Tuple>>>::type;

}  // namespace fetchpool::detail
