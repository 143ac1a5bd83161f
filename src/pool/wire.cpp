#include "pool/wire.h"

namespace fetchpool::pool {

RequestHead head_of(detail::TaskAddress task, std::size_t skip, std::size_t count) {
  RequestHead head;
  head.trampoline = reinterpret_cast<std::uintptr_t>(task.trampoline);
  head.function = task.function;
  head.skip = skip;
  head.count = count;
  return head;
}

std::string whole_request(const WorkerCall& call) {
  Encoder request;
  request.raw(head_of(call.task(), 0, 1));
  request.append(call.arguments().data(), call.arguments().size());
  return request.release();
}

std::string WorkerSetup::encode() const {
  Encoder out;
  out.raw(max_message);
  out.append(initializer.data(), initializer.size());
  return out.release();
}

WorkerSetup WorkerSetup::decode(std::string_view bytes) {
  Decoder in(bytes);
  WorkerSetup setup;
  setup.max_message = in.raw<std::uint64_t>();
  setup.initializer = in.left();
  return setup;
}

}  // namespace fetchpool::pool
