#include "fetchpool/detail/imap_feed.h"

#include <algorithm>
#include <utility>

#include "pool/pool_core.h"

namespace fetchpool::detail {

ImapFeed::ImapFeed(std::shared_ptr<PoolCore> pool, TaskAddress task, const CallOptions& options,
                   bool ordered, EncodeNext encode_next)
    : pool_(std::move(pool)),
      task_(task),
      chunksize_(std::max<std::size_t>(options.chunksize, 1)),
      most_in_flight_(options.max_in_flight > 0
                          ? options.max_in_flight
                          : static_cast<std::size_t>(pool_->processes()) * 2 * chunksize_),
      ordered_(ordered),
      encode_next_(std::move(encode_next)),
      call_(pool_->start_stream(task, options,
                                ordered ? Delivery::in_order : Delivery::as_it_comes)) {
  chunksize_ = std::min(chunksize_, most_in_flight_);
  read_ahead();
}

ImapFeed::~ImapFeed() {
  pool_->abandon(*call_);
}

void ImapFeed::read_ahead() {
  while (!at_end_ && read_ - taken_ + chunksize_ <= most_in_flight_)
    if (!read_chunk()) return;
}

bool ImapFeed::read_chunk() {
  ChunkWriter writer(chunksize_);
  std::size_t count = 0;
  bool taken = false;
  try {
    while (count < chunksize_ && encode_next_(writer.element())) {
      writer.element_done();
      ++count;
    }
    if (count < chunksize_) at_end_ = true;
    if (count == 0) return false;
    auto chunks = writer.finish();
    taken = pool_->add_chunk(call_, task_, std::move(chunks.front()), read_);
  } catch (...) {
    // What was read of this chunk goes with it, as in Python.
    input_error_ = std::current_exception();
    at_end_ = true;
    return false;
  }
  if (!taken)
    at_end_ = true;
  else
    read_ += count;
  return taken;
}

std::optional<Segment> ImapFeed::next(std::optional<std::chrono::nanoseconds> timeout) {
  if (received_ == read_) {
    if (input_error_) std::rethrow_exception(std::exchange(input_error_, nullptr));
    return std::nullopt;
  }
  auto wanted = ordered_ ? std::optional(received_) : std::nullopt;
  Segment segment = call_->take_segment(wanted, timeout);
  received_ += segment.count;
  return segment;
}

void ImapFeed::element_taken() {
  ++taken_;
  read_ahead();
}

}  // namespace fetchpool::detail
