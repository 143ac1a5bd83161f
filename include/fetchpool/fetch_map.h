// A function of your own on every page, run inside the workers that fetch them.
//
//   std::string title_of(const fetchpool::Page& page) { ... }
//
//   for (auto& mapped : fetchpool::fetch_map(urls, title_of))
//     if (mapped.value) use(*mapped.value);
//     else complain(mapped.page.input, mapped.error);
//
// What the function does runs on every CPU, beside the transfers, and only what it returns travels
// to this process.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fetchpool/codec.h"
#include "fetchpool/detail/page_task.h"
#include "fetchpool/detail/task_function.h"
#include "fetchpool/fetch.h"

namespace fetchpool {

// What the function is given. Valid until it returns.
struct Page {
  std::string_view url;  // what was requested last
  int response_code = 0;
  std::string_view content_type;           // as received
  const std::vector<HeaderLine>& headers;  // empty without FetchOptions::response_headers
  std::string_view body;                   // decoded, whole
};

// What became of one URL and of the function on its page.
template <class R>
struct MappedPage {
  FetchResult page;        // its body stays in the worker: empty
  std::optional<R> value;  // what the function returned; nothing where `error` says why
  // Empty, or why there is no value: page.error, "std::runtime_error: no title" where the function
  // threw, or that it did not end in time.
  std::string error;
};

namespace detail {

template <class F>
struct PageFunction {
  using Function = std::decay_t<F>;
  static_assert(can_be_task<Function>,
                "fetchpool: fetch_map() takes a plain function or a lambda without captures, "
                "because it runs in other processes");
  static_assert(std::is_invocable_v<Function, const Page&>,
                "fetchpool: the function of fetch_map() is called with a const fetchpool::Page&");
  using Returned = std::decay_t<std::invoke_result_t<Function, const Page&>>;
  static_assert(!is_pointer_like<Returned>,
                "fetchpool: a pointer or reference means nothing in another process: return the "
                "value it points to (std::string for text)");
  // What MappedPage holds: std::monostate for a function that returns nothing.
  using Value = std::conditional_t<std::is_void_v<Returned>, std::monostate, Returned>;

  static void run(std::uintptr_t function, const Page& page, Encoder& value) {
    if constexpr (std::is_void_v<Returned>) {
      std::invoke(make_function<Function>(function), page);
      Codec<Value>::encode({}, value);
    } else {
      Codec<Value>::encode(std::invoke(make_function<Function>(function), page), value);
    }
  }
  static PageTask task(const Function& function) {
    PageTask task{&run};
    if constexpr (is_function_pointer<Function>)
      task.function = reinterpret_cast<std::uintptr_t>(function);
    return task;
  }
};

// Fetches all and hands every result over as it comes, its body being what the function came to.
void map_pages(const std::vector<std::string>& urls, const PageTask& task,
               const FetchOptions& options, const std::function<void(FetchResult&&)>& take);

// Whether the function returned; the rest of the answer is its value, or why it did not.
bool has_value(Decoder& answer);

template <class R>
MappedPage<R> read_mapped(FetchResult&& result) {
  MappedPage<R> mapped;
  std::string answer = result.body.str();
  mapped.page = std::move(result);
  mapped.page.body = {};
  mapped.page.body_encoding = FetchResult::Encoding::none;
  mapped.error = mapped.page.error;
  if (answer.empty()) return mapped;
  Decoder in(answer);
  try {
    if (has_value(in))
      mapped.value = Codec<R>::decode(in);
    else
      mapped.error = Codec<std::string>::decode(in);
  } catch (const std::exception& error) {
    mapped.error = std::string("the value cannot be decoded: ") + error.what();
  }
  return mapped;
}

}  // namespace detail

// Fetches all URLs with worker processes, calls `function` on the page of each whose outcome is ok,
// and returns what became of them in the order of `urls`. Pages themselves do not come to this
// process; options.body is not used.
//
// `function` is a plain function or a lambda without captures; it runs in another process, so what
// it changes there is lost, and what it returns must travel (codec.h). Each worker calls it for one
// page at a time, on a thread of its own beside the transfers, whose time limits it does not touch.
// It may be called again for the same page where its worker died. What it throws becomes
// MappedPage::error; a page with which it kills its worker again and again ends as worker_crash
// and costs no other page; one that takes longer than options.function_timeout ends with an error.
// What was not begun when a limit of the whole run was reached ends as cancelled.
//
// Throws as the constructor of Fetcher does, and SerializationError where the function's code is
// not in the image of the workers (a library loaded after prepare()).
template <class F>
auto fetch_map(const std::vector<std::string>& urls, F&& function,
               const FetchOptions& options = {}) {
  using Function = detail::PageFunction<F>;
  std::vector<MappedPage<typename Function::Value>> mapped(urls.size());
  detail::map_pages(urls, Function::task(function), options, [&](FetchResult&& result) {
    auto seq = static_cast<std::size_t>(result.seq);
    mapped[seq] = detail::read_mapped<typename Function::Value>(std::move(result));
  });
  return mapped;
}

}  // namespace fetchpool
