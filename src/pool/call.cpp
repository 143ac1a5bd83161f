#include "pool/call.h"

#include <algorithm>
#include <utility>

#include "fetchpool/pool_error.h"
#include "pool/callback_thread.h"
#include "pool/exception_report.h"
#include "pool/pool_core.h"
#include "pool/timed_wait.h"

namespace fetchpool::detail {

namespace {

// A reader that collects is woken for so many bytes at least: waking it costs as much as decoding
// thousands of small results.
constexpr std::size_t kWorthWaking = std::size_t{256} << 10;

}  // namespace

Call::Call(std::weak_ptr<PoolCore> pool, Settings settings, std::size_t elements, Delivery delivery)
    : pool_(std::move(pool)),
      settings_(std::move(settings)),
      size_(elements),
      delivery_(delivery) {}

bool Call::deliver(Segment segment) {
  std::lock_guard lock(mutex_);
  delivered_ += segment.count;
  if (delivery_ == Delivery::at_end) {
    segments_.push_back(std::move(segment));
  } else {
    std::size_t key = delivery_ == Delivery::as_it_comes ? arrivals_++ : segment.first;
    stream_bytes_ += segment.answers.size();
    stream_.emplace(key, std::move(segment));
    if (is_streaming() || stream_bytes_ >= kWorthWaking || delivered_ == size_)
      changed_.notify_all();
  }
  return !is_streaming() && delivered_ == size_;
}

std::size_t Call::delivered() const {
  std::lock_guard lock(mutex_);
  return delivered_;
}

void Call::end() {
  auto by_position = [](const Segment& a, const Segment& b) { return a.first < b.first; };
  std::sort(segments_.begin(), segments_.end(), by_position);
  try {
    if (settings_.finish) settings_.finish(*this);
  } catch (...) {
    replacement_ = std::current_exception();
  }
  std::lock_guard lock(mutex_);
  is_ready_ = true;
  changed_.notify_all();
}

bool Call::is_ready() const {
  std::lock_guard lock(mutex_);
  return is_ready_;
}

void Call::check_thread() const {
  if (settings_.finish && !is_ready_ && pool::CallbackThread::is_current(this))
    throw Error("a callback waits for a result that is not ready before the callback returns");
}

void Call::wait() const {
  std::unique_lock lock(mutex_);
  check_thread();
  changed_.wait(lock, [this] { return is_ready_; });
}

bool Call::wait_for(std::chrono::nanoseconds timeout) const {
  std::unique_lock lock(mutex_);
  return pool::wait_for(changed_, lock, timeout, [this] { return is_ready_; });
}

bool Call::has(std::optional<std::size_t> wanted) const {
  if (wanted ? !stream_.contains(*wanted) : stream_.empty()) return false;
  return is_streaming() || stream_bytes_ >= kWorthWaking || delivered_ == size_;
}

Segment Call::take_segment(std::optional<std::size_t> wanted,
                           std::optional<std::chrono::nanoseconds> timeout) {
  std::unique_lock lock(mutex_);
  auto is_there = [&] { return has(wanted); };
  if (!timeout)
    changed_.wait(lock, is_there);
  else if (!pool::wait_for(changed_, lock, *timeout, is_there))
    throw TimeoutError("the next result is not ready yet");
  auto found = wanted ? stream_.find(*wanted) : stream_.begin();
  Segment segment = std::move(found->second);
  stream_.erase(found);
  stream_bytes_ -= segment.answers.size();
  return segment;
}

void wait(const Call& call) {
  call.wait();
}
bool wait_for(const Call& call, std::chrono::nanoseconds timeout) {
  return call.wait_for(timeout);
}
bool is_ready(const Call& call) {
  return call.is_ready();
}
const std::vector<Segment>& segments(const Call& call) {
  return call.segments();
}
std::exception_ptr replacement(const Call& call) {
  return call.replacement();
}
std::size_t size(const Call& call) {
  return call.size();
}

bool cancel(Call& call, bool running) {
  auto pool = call.pool();
  return pool && pool->cancel(call, running);
}

void abandon(Call& call) {
  if (auto pool = call.pool()) pool->abandon(call);
}

Segment take_segment(Call& call, std::optional<std::size_t> wanted,
                     std::optional<std::chrono::nanoseconds> timeout) {
  return call.take_segment(wanted, timeout);
}

std::exception_ptr read_error(Decoder& in, std::size_t task) {
  return pool::decode_exception(in, task);
}

void throw_unreadable(const char* why) {
  throw SerializationError(std::string("the result of a task cannot be decoded: ") + why);
}

void ChunkWriter::end_chunk() {
  // Large enough that few blocks are made, small enough that one long result does not keep much.
  constexpr std::size_t kFullBlock = std::size_t{256} << 10;
  places_.push_back({chunk_begin_, block_.size() - chunk_begin_, in_chunk_});
  in_chunk_ = 0;
  if (block_.size() >= kFullBlock) seal_block();
}

void ChunkWriter::seal_block() {
  Bytes bytes(block_.release());
  for (; unsealed_ < places_.size(); ++unsealed_) {
    const Place& place = places_[unsealed_];
    chunks_.push_back({bytes.slice(place.begin, place.size), place.count});
  }
}

std::vector<ChunkWriter::Chunk> ChunkWriter::finish() {
  if (in_chunk_ > 0) end_chunk();
  seal_block();
  return std::move(chunks_);
}

}  // namespace fetchpool::detail
