#include "fetch/transfer_settings.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/wire.h"
#include "fetch/header_lines.h"

namespace fetchpool::engine {
namespace {

// The texts that say how requests are made, in a fixed order.
template <typename Options>
auto request_texts(Options& options) {
  return std::array{&options.user,       &options.bearer_token, &options.cookie,
                    &options.referer,    &options.interface,    &options.proxy,
                    &options.proxy_user, &options.no_proxy,     &options.certificate_file,
                    &options.key_file,   &options.key_password};
}

void write_texts(WireWriter& out, const std::vector<std::string>& texts) {
  out.value(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) out.text(text);
}

void read_texts(WireReader& in, std::vector<std::string>& texts) {
  auto count = in.value<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) texts.emplace_back(in.text());
}

}  // namespace

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
  writer.value(bytes_per_second);
  writer.value(paced);
  writer.value(options.limit_rate);
  writer.value(task);
  writer.value(options.function_timeout.count());
  write_header_lines(writer, options.headers);
  writer.text(options.user_agent);
  writer.value(options.data.has_value());
  writer.text(options.data.value_or(""));
  for (const std::string* text : request_texts(options)) writer.text(*text);
  for (const auto* list : {&options.resolve, &options.connect_to}) write_texts(writer, *list);
  writer.value(options.proxy_environment);
  writer.value(options.http_version);
  writer.value(options.ip_version);
  writer.value(options.retry_non_idempotent);
  writer.value(options.compressed);
  writer.value(options.insecure);
  writer.text(options.ca_file);
  writer.value(options.worker_timeout.count());
  writer.value(options.connect_timeout.count());
  writer.value(options.speed_limit);
  writer.value(options.speed_time.count());
  writer.value(options.max_body_bytes);
  writer.value(options.max_header_bytes);
  writer.value(options.max_header_lines);
  write_ranges(writer, options.ok_status);
  writer.value(options.body);
  writer.value(options.hash);
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
  reader.value(settings.bytes_per_second);
  reader.value(settings.paced);
  reader.value(options.limit_rate);
  reader.value(settings.task);
  options.function_timeout =
      std::chrono::milliseconds(reader.value<std::chrono::milliseconds::rep>());
  read_header_lines(reader, options.headers);
  reader.text(options.user_agent);
  auto has_data = reader.value<bool>();
  auto data = reader.text();
  if (has_data) options.data = data;
  for (std::string* text : request_texts(options)) reader.text(*text);
  for (auto* list : {&options.resolve, &options.connect_to}) read_texts(reader, *list);
  reader.value(options.proxy_environment);
  reader.value(options.http_version);
  reader.value(options.ip_version);
  reader.value(options.retry_non_idempotent);
  reader.value(options.compressed);
  reader.value(options.insecure);
  reader.text(options.ca_file);
  options.worker_timeout =
      std::chrono::milliseconds(reader.value<std::chrono::milliseconds::rep>());
  options.connect_timeout =
      std::chrono::milliseconds(reader.value<std::chrono::milliseconds::rep>());
  reader.value(options.speed_limit);
  options.speed_time = std::chrono::milliseconds(reader.value<std::chrono::milliseconds::rep>());
  reader.value(options.max_body_bytes);
  reader.value(options.max_header_bytes);
  reader.value(options.max_header_lines);
  options.ok_status = read_ranges(reader);
  reader.value(options.body);
  reader.value(options.hash);
  reader.value(options.response_headers);
  reader.value(options.warc);
  reader.text(options.spool_directory);
  return settings;
}

}  // namespace fetchpool::engine
