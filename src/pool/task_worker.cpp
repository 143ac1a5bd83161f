#include "pool/task_worker.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <utility>

#include "base/current_exception.h"
#include "base/posix.h"
#include "base/throw_stack.h"
#include "pool/exception_report.h"
#include "pool/wire.h"

namespace fetchpool::pool {
namespace {

using namespace std::chrono_literals;
using detail::ElementRun;
using ipc::FrameKind;

// Of a chunk, what has been answered is sent on after this time, so that little is lost with a
// worker and a reader of an imap() need not wait for whole chunks.
constexpr auto kHoldAnswers = 100us;
// From this size on an answer is written from where it lies.
constexpr std::size_t kLargeAnswer = std::size_t{64} << 10;

int worker_index = -1;
bool was_forked = false;

class TaskWorker {
 public:
  explicit TaskWorker(process::WorkerLink& link)
      : link_(link), setup_(WorkerSetup::decode(link.setup())) {}

  int run() {
    begin_throw_stacks();
    TimePoint begin = Clock::now();
    if (!initialize()) return 1;
    Encoder note;
    note.raw(ReadyNote{
        static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count())});
    link_.ready(note.view());
    for (;;) {
      while (auto frame = link_.channel().next()) {
        if (frame->kind == FrameKind::stop) return 0;
        if (frame->kind == FrameKind::job) run_job(*frame);
      }
      if (link_.channel().receive() == 0 && link_.channel().at_end()) return 0;
    }
  }

 private:
  bool initialize() {
    if (setup_.initializer.empty()) return true;
    Decoder arguments(setup_.initializer);
    auto head = arguments.raw<RequestHead>();
    Encoder ignored;
    ElementRun element{head.function, &arguments, &ignored, ElementRun::Phase::decoding};
    try {
      call(head, element);
      leave_if_copy();
      return true;
    } catch (...) {
      leave_if_copy();
      link_.failed("the initializer threw " + describe_current_exception());
      return false;
    }
  }

  void run_job(const ipc::Frame& frame) {
    if (!link_.status().claim(received_++)) {
      link_.channel().writer().add(FrameKind::done, frame.job, std::string_view());
      link_.channel().flush();
      return;
    }
    Decoder arguments(frame.payload.view());
    auto head = arguments.raw<RequestHead>();
    begin_answer();
    for (std::uint64_t i = 0; i < head.skip; ++i) skip_element(head, arguments);
    for (std::uint64_t i = 0; i < head.count; ++i) {
      bool last = i + 1 == head.count;
      link_.status().begin(0, frame.job, now_);
      if (!run_element(head, arguments)) fail_all(head.count - i - 1, last);
      now_ = Clock::now();
      if (last || !body_.empty() || now_ - begun_ > kHoldAnswers) send_answer(frame.job, last);
      link_.status().end(0);
      if (last) break;
    }
  }

  static void call(const RequestHead& head, ElementRun& element) {
    reinterpret_cast<detail::Trampoline>(head.trampoline)(element);
  }

  void skip_element(const RequestHead& head, Decoder& arguments) {
    ElementRun element{head.function, &arguments, nullptr, ElementRun::Phase::decoding};
    try {
      call(head, element);
    } catch (...) {
      // It failed the first time as well; what comes after it is found when it is run.
    }
  }

  // False: the arguments cannot be read, so where the next element's begin is not known.
  bool run_element(const RequestHead& head, Decoder& arguments) {
    std::size_t begin = answer_.size();
    answer_.raw(true);
    ElementRun element{head.function, &arguments, &answer_, ElementRun::Phase::decoding};
    ++answer_head_.count;
    try {
      call(head, element);
      leave_if_copy();
      check_size(begin, element.body.size());
      body_ = std::move(element.body);
    } catch (const ThrowObserver&) {
      // Never: it notes where the exception comes from.
    } catch (...) {
      leave_if_copy();
      ++answer_head_.failed;
      answer_.cut(begin);
      note_failure(element.phase);
    }
    return element.phase != ElementRun::Phase::decoding;
  }

  void check_size(std::size_t begin, std::size_t body) const {
    std::size_t size = answer_.size() - begin + body;
    if (size + sizeof(AnswerHead) > setup_.max_message)
      throw SerializationError("it has " + std::to_string(size) +
                               " bytes, more than PoolOptions::max_message");
  }

  void note_failure(ElementRun::Phase phase) {
    if (phase == ElementRun::Phase::running) return encode_current_exception(answer_);
    const char* what = phase == ElementRun::Phase::decoding
                           ? "the arguments of a task cannot be decoded: "
                           : "the result of a task cannot be sent: ";
    encode_serialization_error(answer_, what + describe_current_exception());
  }

  void fail_all(std::uint64_t count, bool& last) {
    for (std::uint64_t i = 0; i < count; ++i)
      encode_serialization_error(answer_,
                                 "the arguments of an earlier task of its chunk cannot be "
                                 "decoded");
    answer_head_.count += static_cast<std::uint32_t>(count);
    answer_head_.failed += static_cast<std::uint32_t>(count);
    last = true;
  }

  void begin_answer() {
    answer_head_ = {};
    answer_.cut(0);
    answer_.raw(answer_head_);
    begun_ = now_ = Clock::now();
  }

  void send_answer(std::uint64_t job, bool last) {
    if (getpid() != pid_) _exit(0);
    std::cout.flush();
    std::fflush(stdout);
    answer_head_.work_ns =
        static_cast<std::uint64_t>(std::chrono::nanoseconds(now_ - begun_).count());
    answer_.patch(0, answer_head_);
    FrameKind kind = last ? FrameKind::done : FrameKind::part;
    if (!body_.empty())
      link_.channel().writer().add(kind, job, answer_.view(), std::exchange(body_, {}));
    else if (answer_.size() < kLargeAnswer)
      link_.channel().writer().add(kind, job, answer_.view());
    else
      link_.channel().writer().add(kind, job, Bytes(answer_.release()));
    link_.channel().flush();
    if (!last) begin_answer();
  }

  // A task may fork, and both of them return: only one of them is the worker.
  void leave_if_copy() const {
    if (was_forked && getpid() != pid_) _exit(0);
  }

  process::WorkerLink& link_;
  WorkerSetup setup_;
  const pid_t pid_ = getpid();
  std::uint64_t received_ = 0;
  Encoder answer_;
  Bytes body_;  // the rest of the last element's answer, where it is large
  AnswerHead answer_head_;
  TimePoint begun_;
  TimePoint now_;
};

// Memory of large arguments and results is kept for the next ones: getting it from the system anew
// costs more than everything else that is done with them.
void keep_large_memory() {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

}  // namespace

int run_task_worker(process::WorkerLink& link) {
  keep_large_memory();
  worker_index = link.index();
  // Workers of a pool inside a task inherit what their ancestors registered.
  static bool is_registered = false;
  if (!std::exchange(is_registered, true))
    pthread_atfork(nullptr, nullptr, [] { was_forked = true; });
  return TaskWorker(link).run();
}

int current_worker() {
  return worker_index;
}

}  // namespace fetchpool::pool
