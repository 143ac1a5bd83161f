// Bodies, one after the other.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "output/stream_sink.h"

namespace fetchpool::output {

// Writes the bodies of results that are ok and nothing between them; names the others to `report`,
// when they come. Requires raw bodies.
class RawSink : public StreamSink {
 public:
  RawSink(OrderedStream stream, Order order, std::function<void(std::string_view)> report)
      : StreamSink(std::move(stream), order), report_(std::move(report)) {}

  void put(FetchResult&& result) override;

 private:
  std::function<void(std::string_view)> report_;
};

// "http://example.com/a: http_error: the server answered 404": a line that is safe to show on a
// terminal, control characters replaced by "?".
std::string line_about(const FetchResult& result);

}  // namespace fetchpool::output
