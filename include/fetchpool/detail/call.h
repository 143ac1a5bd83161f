// What the templates of the Pool know about a call that is under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "fetchpool/bytes.h"
#include "fetchpool/codec.h"
#include "fetchpool/detail/task_function.h"

namespace fetchpool::detail {

class Call;
class PoolCore;
using CallPtr = std::shared_ptr<Call>;

// How a call's segments reach the user.
enum class Delivery {
  at_end,      // all at once, when all elements have ended
  collected,   // in order, by one reader that is woken for larger amounts
  in_order,    // one by one
  as_it_comes  // one by one, in the order in which they came
};

// What became of `count` elements in a row: their answers, one after the other, or one error for
// all of them.
struct Segment {
  std::size_t first = 0;
  std::size_t count = 0;
  Bytes answers;
  std::exception_ptr error;
};

void wait(const Call& call);
bool wait_for(const Call& call, std::chrono::nanoseconds timeout);
bool is_ready(const Call& call);
bool cancel(Call& call, bool running);
// Nobody will ask for elements any more: what has not begun is dropped.
void abandon(Call& call);

// Of a call that is ready: all its segments in order; and what replaces its result, if anything.
const std::vector<Segment>& segments(const Call& call);
std::exception_ptr replacement(const Call& call);
std::size_t size(const Call& call);

// Streaming: the segment that begins with element `wanted` (nothing: any) once it is there.
// Throws TimeoutError.
Segment take_segment(Call& call, std::optional<std::size_t> wanted,
                     std::optional<std::chrono::nanoseconds> timeout);

// An element's answer begins with whether it is a value. This reads the other kind.
std::exception_ptr read_error(Decoder& in, std::size_t task);
[[noreturn]] void throw_unreadable(const char* why);

// Reads elements' answers one after the other. `on_value` gets the Decoder to read one value from,
// `on_error` the error of the element.
template <class OnValue, class OnError>
void read_segment(const Segment& segment, OnValue&& on_value, OnError&& on_error) {
  if (segment.error) {
    for (std::size_t i = 0; i < segment.count; ++i) on_error(segment.error);
    return;
  }
  Decoder in(segment.answers.view());
  for (std::size_t i = 0; i < segment.count; ++i) {
    if (in.raw<bool>())
      on_value(in);
    else
      on_error(read_error(in, segment.first + i));
  }
}

template <class R>
R decode_result(Decoder& in) {
  try {
    return Codec<R>::decode(in);
  } catch (const SerializationError&) {
    throw;
  } catch (const std::exception& error) {
    throw_unreadable(error.what());
  }
}

// Encodes elements into chunks of `chunksize` elements each.
class ChunkWriter {
 public:
  struct Chunk {
    Bytes arguments;
    std::size_t count = 0;
  };

  explicit ChunkWriter(std::size_t chunksize) : chunksize_(chunksize) {}

  // Where to encode the next element; then call element_done().
  Encoder& element() {
    if (in_chunk_ == 0) chunk_begin_ = block_.size();
    return block_;
  }
  void element_done() {
    if (++in_chunk_ == chunksize_) end_chunk();
  }
  // All chunks, the last one perhaps shorter.
  std::vector<Chunk> finish();

 private:
  void end_chunk();
  void seal_block();

  std::size_t chunksize_;
  std::size_t in_chunk_ = 0;
  std::size_t chunk_begin_ = 0;
  std::size_t unsealed_ = 0;  // the first chunk that lies in block_
  Encoder block_;
  struct Place {
    std::size_t begin, size, count;
  };
  std::vector<Place> places_;
  std::vector<Chunk> chunks_;
};

}  // namespace fetchpool::detail
