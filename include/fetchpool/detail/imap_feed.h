// Feeds a call from an input that is read only as fast as the results are.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "fetchpool/detail/call.h"
#include "fetchpool/pool_options.h"

namespace fetchpool::detail {

class ImapFeed {
 public:
  // Encodes the next element of the input; false at its end.
  using EncodeNext = std::function<bool(Encoder&)>;

  ImapFeed(std::shared_ptr<PoolCore> pool, TaskAddress task, const CallOptions& options,
           bool ordered, EncodeNext encode_next);
  ~ImapFeed();
  ImapFeed(const ImapFeed&) = delete;
  ImapFeed& operator=(const ImapFeed&) = delete;

  // The next results; nothing at the end. Throws what the input, or encoding it, threw, once, when
  // all before it was handed out.
  std::optional<Segment> next(std::optional<std::chrono::nanoseconds> timeout);
  // One element was handed out: reads on.
  void element_taken();

 private:
  void read_ahead();
  bool read_chunk();

  std::shared_ptr<PoolCore> pool_;
  TaskAddress task_;
  std::size_t chunksize_;
  std::size_t most_in_flight_;
  bool ordered_;
  EncodeNext encode_next_;
  CallPtr call_;
  std::size_t read_ = 0;      // from the input, in whole chunks
  std::size_t received_ = 0;  // of the results
  std::size_t taken_ = 0;
  bool at_end_ = false;
  std::exception_ptr input_error_;
};

}  // namespace fetchpool::detail
