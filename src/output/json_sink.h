// Results as lines of JSON.
#pragma once

#include "output/record.h"
#include "output/stream_sink.h"

namespace fetchpool::output {

class JsonSink : public StreamSink {
 public:
  JsonSink(OrderedStream stream, Order order, RecordForm form)
      : StreamSink(std::move(stream), order), form_(form), writer_(form) {}

  void put(FetchResult&& result) override;
  void put_again(std::uint64_t seq, std::string_view record) override;

 private:
  RecordForm form_;
  RecordWriter writer_;
};

}  // namespace fetchpool::output
