#include "output/json_sink.h"

#include "output/json_body.h"

namespace fetchpool::output {

void JsonSink::put(FetchResult&& result) {
  static const std::vector<Bytes> kNothing;
  if (form_.bodies) encode_raw_body(result);
  RecordWriter::Line line = writer_.write(result);
  stream().put(place_of(result), line.head, line.has_body ? result.body.pieces() : kNothing,
               line.tail);
}

void JsonSink::put_again(std::uint64_t seq, std::string_view record) {
  stream().put(seq, record, {}, "\n");
}

}  // namespace fetchpool::output
