#include "fetch/transfer_settings.h"

#include <chrono>

#include "base/wire.h"
#include "fetch/header_lines.h"

namespace fetchpool::engine {

namespace {

void write_ranges(WireWriter& out, const std::vector<StatusRange>& ranges) {
  out.value(static_cast<std::uint32_t>(ranges.size()));
  for (const StatusRange& range : ranges) out.value(range);
}

std::vector<StatusRange> read_ranges(WireReader& in) {
  std::vector<StatusRange> ranges;
  auto count = in.value<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) ranges.push_back(in.value<StatusRange>());
  return ranges;
}

}  // namespace

std::string TransferSettings::encode() const {
  std::string out;
  WireWriter writer(out);
  writer.value(transfers);
  write_header_lines(writer, options.headers);
  writer.text(options.user_agent);
  writer.value(options.compressed);
  writer.value(options.insecure);
  writer.text(options.ca_file);
  writer.value(options.worker_timeout.count());
  writer.value(options.connect_timeout.count());
  writer.value(options.max_body_bytes);
  writer.value(options.max_header_bytes);
  writer.value(options.max_header_lines);
  write_ranges(writer, options.ok_status);
  writer.value(options.body);
  writer.value(options.response_headers);
  writer.value(options.warc);
  writer.text(options.spool_directory);
  return out;
}

TransferSettings TransferSettings::decode(std::string_view bytes) {
  WireReader reader(bytes);
  TransferSettings settings;
  FetchOptions& options = settings.options;
  reader.value(settings.transfers);
  read_header_lines(reader, options.headers);
  reader.text(options.user_agent);
  reader.value(options.compressed);
  reader.value(options.insecure);
  reader.text(options.ca_file);
  options.worker_timeout =
      std::chrono::milliseconds(reader.value<std::chrono::milliseconds::rep>());
  options.connect_timeout =
      std::chrono::milliseconds(reader.value<std::chrono::milliseconds::rep>());
  reader.value(options.max_body_bytes);
  reader.value(options.max_header_bytes);
  reader.value(options.max_header_lines);
  options.ok_status = read_ranges(reader);
  reader.value(options.body);
  reader.value(options.response_headers);
  reader.value(options.warc);
  reader.text(options.spool_directory);
  return settings;
}

}  // namespace fetchpool::engine
