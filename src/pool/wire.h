// What the Pool and its workers say to each other, inside the frames of the process layer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fetchpool/detail/task_function.h"
#include "fetchpool/pool_options.h"

namespace fetchpool::pool {

// At the start of a job: then come the arguments of `skip` + `count` elements, or more.
struct RequestHead {
  std::uint64_t trampoline = 0;
  std::uint64_t function = 0;
  std::uint64_t skip = 0;  // elements at the start that are not to be run
  std::uint64_t count = 0;
};

// At the start of an answer, or of a part of one: then come the answers of `count` elements.
struct AnswerHead {
  std::uint32_t count = 0;
  std::uint32_t failed = 0;  // how many of them are errors
  std::uint64_t work_ns = 0;
};

// What a worker says when it is ready.
struct ReadyNote {
  std::uint64_t init_ns = 0;
};

RequestHead head_of(detail::TaskAddress task, std::size_t skip, std::size_t count);
std::string whole_request(const WorkerCall& call);

// What a worker needs to know once.
struct WorkerSetup {
  std::uint64_t max_message = 0;
  std::string initializer;  // a request; empty where there is none

  std::string encode() const;
  static WorkerSetup decode(std::string_view bytes);
};

}  // namespace fetchpool::pool
