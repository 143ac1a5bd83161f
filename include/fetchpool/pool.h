// Functions that run in worker processes: Python's multiprocessing.Pool for C++.
//
//   int square(int x) { return x * x; }
//
//   fetchpool::Pool pool(4);
//   fetchpool::ApplyResult<int> nine = pool.apply_async(square, 3);
//   std::vector<int> squares = pool.map(square, numbers);
//   pool.close();
//   pool.join();
//
// A task is a plain function or a lambda without captures, of this program or of a library that
// was loaded when the workers' spawner was made (by prepare(), or else by the Pool's constructor);
// workers see the program's memory as it was then. Arguments and results travel as codec.h says.
//
// Whatever a task does concerns that task alone; see pool_error.h for the errors:
//   throws            its result throws RemoteError, with the exception's type name, what() and
//                     nested exceptions; the exception itself stays in the worker, so it need not
//                     be copyable. register_exception() brings a type back as itself.
//   crashes, exits,   its result throws WorkerLost, which says how the worker ended. The worker is
//   is killed         replaced. Tasks that waited behind it go on elsewhere, first and uncounted;
//                     an answer it had given counts. With CallOptions::attempts the task itself is
//                     run again: a task that was begun is never run twice otherwise.
//   never ends        CallOptions::task_timeout ends it with its worker, cancel(true) does so, and
//                     terminate(). With the worker ends all that was started in its process group.
//   forks             and both return: only the worker answers, the copy ends silently.
//   starts threads    which go on after it has returned: as in any program.
//   makes a Pool      works; that pool is the worker's own.
//   reads stdin       finds its end; stdout and stderr are the program's. Other descriptors that
//                     the program had when the spawner was made are there, too.
// The same holds for initializers and exit functions, as far as they can do it.
//
// Workers take no notice of SIGINT, SIGTERM, SIGHUP and SIGQUIT, which terminals send to everybody:
// what these mean is the program's to decide. When the program ends, in whatever way, its workers
// end with it.
//
// Tasks begin in the order in which they were submitted, each as soon as a worker is free. A worker
// holds some short tasks ahead, but none behind one that runs for longer than about a millisecond
// while another worker has nothing to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fetchpool/apply_result.h"
#include "fetchpool/detail/pool_face.h"
#include "fetchpool/imap_result.h"
#include "fetchpool/pool_error.h"
#include "fetchpool/pool_options.h"

namespace fetchpool {

// What a Pool has done so far.
struct PoolInsights {
  // One place for a worker; the numbers are of all workers that were in it.
  struct Worker {
    int pid = 0;                        // of the worker now; 0: none
    std::uint64_t tasks = 0;            // answered; a chunk counts as one
    std::uint64_t elements = 0;         // answered
    std::chrono::nanoseconds start{0};  // from being asked for until ready, initializer included
    std::chrono::nanoseconds init{0};   // in the initializer
    std::chrono::nanoseconds work{0};   // in tasks
    std::chrono::nanoseconds wait{0};   // ready, and not in tasks
  };
  struct SlowTask {
    std::size_t first = 0;  // number of its first element
    std::size_t count = 0;  // elements
    std::chrono::nanoseconds took{0};
  };
  std::vector<Worker> workers;
  std::vector<SlowTask> slowest;      // up to five, the slowest first
  std::uint64_t workers_started = 0;  // that became ready, replacements included
  std::uint64_t attempts_spent = 0;   // on workers that died
  std::vector<std::string> warnings;  // sentences for the person at the terminal
};

// The number of the worker this code runs in, from 0 to processes - 1; -1 in the program itself. A
// replacement has the number of the worker it replaces.
int worker_id();

// A number of worker processes and the tasks for them. Thread-safe: any thread may call anything,
// but only one destroys it. It has a thread of its own, so tasks go on while nobody waits; one
// more calls callbacks.
//
// Its life: it takes calls until close(), terminate() or its destructor; after close() what was
// accepted is run, workers that die are still replaced; join() waits for the last of it. close()
// and terminate() may be called again, and in any order; a pool that was closed can be terminated.
// Results may outlive it, and none is ever left unfinished: those that did not come to their end
// throw PoolTerminated. Where no worker can be started any more, all unfinished results and later
// calls end with PoolBroken (InitializerError where the initializer is the reason); the Pool stays
// as it is and should be destroyed.
//
// After a fork() of the host, the child must not use the copy that it has; destroying that does
// nothing.
class Pool {
 public:
  // As many workers as CPUs this process may use.
  Pool();
  // Throws Error where processes < 1.
  explicit Pool(int processes);
  // Throws Error where an option makes no sense, or where the process has threads and neither
  // prepare() was called nor allow_threads set. Workers start in the meantime; where they cannot,
  // tasks end with PoolBroken.
  explicit Pool(const PoolOptions& options);
  // terminate(), then join(). For a graceful end call drain() before.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Calls function(arguments...) in a worker, and waits for its value or throws its error.
  template <class F, class... A>
  requires(!std::is_same_v<std::decay_t<F>, CallOptions>) auto apply(F&& function,
                                                                     A&&... arguments) {
    return apply_async(std::forward<F>(function), std::forward<A>(arguments)...).get();
  }
  template <class F, class... A>
  auto apply(const CallOptions& options, F&& function, A&&... arguments) {
    return apply_async(options, std::forward<F>(function), std::forward<A>(arguments)...).get();
  }

  // The same without waiting. Throws Error after close() or terminate() and where an option makes
  // no sense, SerializationError where the function is not in the workers' image or the arguments
  // have more than PoolOptions::max_message bytes, and what encoding an argument throws; everything
  // else is told by the result. Never waits, however many calls are queued: imap() bounds them. May
  // be called with options first:
  //
  //   pool.apply_async({.attempts = 3, .task_timeout = 10s}, parse, text)
  template <class F, class... A>
  requires(!std::is_same_v<std::decay_t<F>, CallOptions>) auto apply_async(F&& function,
                                                                           A&&... arguments) {
    return apply_async(CallOptions(), std::forward<F>(function), std::forward<A>(arguments)...);
  }
  template <class F, class... A>
  auto apply_async(const CallOptions& options, F&& function, A&&... arguments) {
    using Task = detail::Task<F, A...>;
    using R = typename Task::Result;
    detail::ChunkWriter chunks(1);
    Task::encode(chunks.element(), std::forward<A>(arguments)...);
    chunks.element_done();
    return ApplyResult<R>(
        detail::start_call(*core_, Task::address(function), chunks.finish(), options,
                           detail::make_finish<R>(options, detail::value_of_apply<R>)));
  }

  // Calls the function with every element of `input` and returns the values in its order. The
  // whole input is read first, by the calling thread; for long or endless ones see imap(). All
  // elements are run even where some fail (but see CallOptions::fail_fast); then throws the error
  // of the first one, in the order of the input, that failed. For all values and errors beside each
  // other see MapResult::results(). Elements travel in chunks of CallOptions::chunksize; each of a
  // chunk succeeds, fails and is lost by itself.
  template <class F, std::ranges::input_range Range>
  auto map(F&& function, Range&& input, const CallOptions& options = {}) {
    using Task = detail::Task<F, std::ranges::range_reference_t<Range>>;
    return run_map<Task>(Task::address(function), input, encode_one<Task>, options);
  }
  // The same without waiting. Throws what reading the input throws, and as apply_async().
  template <class F, std::ranges::input_range Range>
  auto map_async(F&& function, Range&& input, const CallOptions& options = {}) {
    using Task = detail::Task<F, std::ranges::range_reference_t<Range>>;
    return MapResult<typename Task::Result>(
        start_map<Task>(Task::address(function), input, encode_one<Task>, options));
  }

  // As map(), where every element is a std::tuple or std::pair of the function's arguments.
  template <class F, std::ranges::input_range Range>
  auto starmap(F&& function, Range&& input, const CallOptions& options = {}) {
    using Task = detail::StarTask<F, std::ranges::range_value_t<Range>>;
    return run_map<Task>(Task::address(function), input, encode_tuple<Task>, options);
  }
  template <class F, std::ranges::input_range Range>
  auto starmap_async(F&& function, Range&& input, const CallOptions& options = {}) {
    using Task = detail::StarTask<F, std::ranges::range_value_t<Range>>;
    return MapResult<typename Task::Result>(
        start_map<Task>(Task::address(function), input, encode_tuple<Task>, options));
  }

  // As map(), but lazy: results come one after the other while the input is still being read. An
  // input that is an lvalue must outlive the result; others are moved into it. The Pool may go
  // before the result, whose unread elements then throw PoolTerminated. Throws Error where the Pool
  // is closed, SerializationError where the function is not in the workers' image. An element that
  // cannot be encoded, or is too large (PoolOptions::max_message), ends the input: the result
  // throws SerializationError when all before it was read. Has no callback and error_callback.
  template <class F, std::ranges::input_range Range>
  auto imap(F&& function, Range&& input, const CallOptions& options = {}) {
    return start_imap(std::forward<F>(function), std::forward<Range>(input), options, true);
  }
  // The same in the order in which results come.
  template <class F, std::ranges::input_range Range>
  auto imap_unordered(F&& function, Range&& input, const CallOptions& options = {}) {
    return start_imap(std::forward<F>(function), std::forward<Range>(input), options, false);
  }

  // No more calls are taken; what was accepted is still run, then the workers leave, after the exit
  // function where there is one. Does not wait. An imap() under way reads its input no further.
  void close();
  // Ends the workers now, whatever they do; unfinished results become ready with PoolTerminated.
  // Returns when all workers, and the processes they started in their groups, are gone.
  void terminate();
  // Waits until everything accepted has ended, all callbacks have run and no worker is left.
  // Throws Error where neither close() nor terminate() was called, and on the callback thread.
  void join();
  // The same for at most `timeout`; whether it has come to that.
  bool join(std::chrono::nanoseconds timeout);
  // close(), then join().
  void drain();

  int processes() const;
  // The process ids of the workers. Waits until each was ready once. 0: being replaced.
  std::vector<int> worker_pids() const;
  PoolInsights insights() const;
  // What PoolOptions::on_exit returned in the workers that left so far, as values of its exact
  // return type R; those where it threw are left out. Complete after close() and join().
  template <class R>
  std::vector<R> exit_results() const {
    std::vector<R> results;
    for (const detail::Segment& segment : detail::exit_answers(*core_))
      for (auto& outcome : detail::outcomes_of_segment<R>(segment))
        if (outcome.ok()) results.push_back(std::move(outcome).value());
    return results;
  }

 private:
  template <class Task>
  static constexpr auto encode_one = [](Encoder& out, auto&& element) {
    Task::encode(out, std::forward<decltype(element)>(element));
  };
  template <class Task>
  static constexpr auto encode_tuple = [](Encoder& out, auto&& element) {
    std::apply([&out](auto&&... parts) { Task::encode(out, parts...); }, element);
  };

  template <class Task, class Range, class Encode>
  auto run_map(detail::TaskAddress task, Range& input, Encode encode, const CallOptions& options) {
    using R = typename Task::Result;
    if (options.callback.is_set() || options.error_callback)
      return MapResult<R>(start_map<Task>(task, input, encode, options)).get();
    return detail::collect_map<R>(
        *start_map<Task>(task, input, encode, options, detail::Delivery::collected));
  }

  template <class Task, class Range, class Encode>
  detail::CallPtr start_map(detail::TaskAddress task, Range& input, Encode encode,
                            const CallOptions& options,
                            detail::Delivery delivery = detail::Delivery::at_end) {
    using R = typename Task::Result;
    auto finish = detail::make_finish<detail::MapValue<R>>(options, detail::value_of_map<R>);
    auto run = [&](auto& elements, std::size_t count) {
      detail::ChunkWriter chunks(detail::map_chunksize(*core_, options, count));
      for (auto&& element : elements) {
        encode(chunks.element(), std::forward<decltype(element)>(element));
        chunks.element_done();
      }
      return detail::start_call(*core_, task, chunks.finish(), options, finish, delivery);
    };
    if constexpr (std::ranges::sized_range<Range> || std::ranges::forward_range<Range>) {
      return run(input, static_cast<std::size_t>(std::ranges::distance(input)));
    } else {
      std::vector<std::ranges::range_value_t<Range>> elements;
      for (auto&& element : input) elements.push_back(std::forward<decltype(element)>(element));
      return run(elements, elements.size());
    }
  }

  template <class F, class Range>
  auto start_imap(F&& function, Range&& input, const CallOptions& options, bool ordered) {
    using Task = detail::Task<F, std::ranges::range_reference_t<Range>>;
    using R = typename Task::Result;
    return ImapResult<R>(
        std::make_unique<detail::ImapFeed>(core_, Task::address(function), options, ordered,
                                           detail::encoder_of<Task>(std::forward<Range>(input))));
  }

  std::shared_ptr<detail::PoolCore> core_;
};

}  // namespace fetchpool
