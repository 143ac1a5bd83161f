#include "fetch/layer.h"

#include <algorithm>
#include <utility>

namespace fetchpool::body {

Layer::Layer(std::string name, Next& next, std::uint64_t most_bytes)
    : name_(std::move(name)),
      next_(next),
      most_bytes_(most_bytes),
      block_(std::make_unique_for_overwrite<char[]>(kBlockSize)) {}

bool Layer::take(std::string_view wire) {
  if (!is_going_on()) return false;
  if (wire.empty()) return true;
  saw_bytes_ = true;
  decode(wire);
  return is_going_on();
}

void Layer::finish() {
  if (!is_going_on()) return;
  if (!saw_bytes_ || at_end()) {
    status_ = Status::finished;
  } else {
    fail(Status::truncated, "the stream stops before its end");
  }
}

void Layer::fail(Status status, const std::string& reason) {
  status_ = status;
  reason_ = name_ + ": " + reason;
}

bool Layer::hand_on(std::size_t size) {
  std::uint64_t room = most_bytes_ == 0 ? size : most_bytes_ - handed_on_;
  std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, room));
  handed_on_ += taken;
  if (taken > 0 && !next_.take({block_.get(), taken})) {
    stopped_ = true;
  } else if (taken < size) {
    fail(Status::too_large, "more than " + std::to_string(most_bytes_) + " bytes come out");
  }
  return is_going_on();
}

}  // namespace fetchpool::body
