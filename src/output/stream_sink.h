// What the sinks that write one stream have in common.
#pragma once

#include <cstdint>
#include <utility>

#include "output/ordered_stream.h"
#include "output/sink.h"

namespace fetchpool::output {

enum class Order { of_the_list, as_they_come };

// A sink whose results become records on one stream; put() is left to the kind of record.
class StreamSink : public Sink {
 public:
  void flush() override { stream_.flush(); }
  bool may_gather() const override { return stream_.may_gather(); }
  bool wants_hold() const override { return stream_.wants_hold(); }
  bool waits_for_reader() const override { return stream_.waits_for_reader(); }
  std::uint64_t awaited() const override { return stream_.awaited(); }
  int poll_fd() const override { return stream_.poll_fd(); }
  short poll_events() const override { return stream_.poll_events(); }
  std::optional<Checkpoint> checkpoint(bool durable) override {
    auto mark = stream_.settle(durable);
    if (!mark) return std::nullopt;
    return Checkpoint{mark->records, {{"", mark->bytes}}, {}};
  }
  void finish() override { stream_.finish(); }
  std::uint64_t written() const override { return stream_.written(); }

 protected:
  StreamSink(OrderedStream stream, Order order)
      : stream_(std::move(stream)), order_(order), arrived_(stream_.awaited()) {}

  OrderedStream& stream() { return stream_; }
  // The place of a result in the stream.
  std::uint64_t place_of(const FetchResult& result) {
    return order_ == Order::of_the_list ? result.seq : arrived_++;
  }

 private:
  OrderedStream stream_;
  Order order_;
  std::uint64_t arrived_;
};

}  // namespace fetchpool::output
