#include "fetch/hop.h"

#include "base/wire.h"
#include "fetch/header_lines.h"

namespace fetchpool::engine {
namespace {

// The fields of fixed size, in one piece.
struct FixedFields {
  HopResult::Times times;
  std::int64_t started_at;
  std::uint64_t content_length;
  std::uint64_t size_download;
  std::uint64_t size_body;
  std::uint64_t size_header;
  std::uint64_t archive_size;
  std::int64_t ssl_verify_result;
  std::int32_t response_code;
  std::int32_t num_connects;
  std::int32_t remote_port;
  std::uint8_t outcome;
  std::uint8_t flags;
  std::int8_t complete;
};

constexpr auto kLastEncoding = static_cast<std::uint8_t>(FetchResult::Encoding::base64);

enum Flag : std::uint8_t {
  kLocalShortage = 1,
  kStaleConnection = 2,
  kDnsTemporary = 4,
  kRefused = 8,
  kRequestSent = 16,
  kHasContentLength = 32,
  kFunctionStuck = 64,
  kNamePending = 128,
};

}  // namespace

std::string HopRequest::encode() const {
  std::string out;
  out.reserve(64 + url.size());
  WireWriter writer(out);
  writer.value(host);
  writer.value(host_quota);
  writer.value(bytes_per_second);
  writer.value(pauses_seen);
  writer.value(std::int64_t{time_left.count()});
  writer.value(std::int64_t{waited_for_name.count()});
  bool has_own = !headers.empty() || content == Content::own;
  writer.value(static_cast<std::uint8_t>(tell_connected | fresh_connection << 1 |
                                         without_secrets << 2 | public_only << 3 | has_own << 4 |
                                         share_connection << 5 | may_be_postponed << 6));
  writer.value(content);
  writer.text(method);
  writer.text(url);
  if (!has_own) return out;
  write_header_lines(writer, headers);
  writer.text(body);
  return out;
}

HopRequest HopRequest::decode(std::string_view bytes) {
  WireReader reader(bytes);
  HopRequest request;
  reader.value(request.host);
  reader.value(request.host_quota);
  reader.value(request.bytes_per_second);
  reader.value(request.pauses_seen);
  request.time_left = std::chrono::microseconds(reader.value<std::int64_t>());
  request.waited_for_name = std::chrono::microseconds(reader.value<std::int64_t>());
  auto flags = reader.value<std::uint8_t>();
  request.tell_connected = flags & 1;
  request.fresh_connection = flags & 2;
  request.without_secrets = flags & 4;
  request.public_only = flags & 8;
  request.share_connection = flags & 32;
  request.may_be_postponed = flags & 64;
  reader.value(request.content);
  reader.text(request.method);
  reader.text(request.url);
  if (!(flags & 16)) return request;
  read_header_lines(reader, request.headers);
  reader.text(request.body);
  return request;
}

void HopResult::encode(std::string& out) const {
  FixedFields fixed{};
  fixed.times = times;
  fixed.started_at = started_at;
  fixed.content_length = content_length.value_or(0);
  fixed.size_download = size_download;
  fixed.size_body = size_body;
  fixed.size_header = size_header;
  fixed.archive_size = archive_size;
  fixed.ssl_verify_result = ssl_verify_result;
  fixed.response_code = response_code;
  fixed.num_connects = num_connects;
  fixed.remote_port = remote_port;
  fixed.outcome = static_cast<std::uint8_t>(outcome);
  fixed.flags = static_cast<std::uint8_t>(
      (local_shortage ? kLocalShortage : 0) | (stale_connection ? kStaleConnection : 0) |
      (dns_temporary ? kDnsTemporary : 0) | (refused ? kRefused : 0) |
      (request_sent ? kRequestSent : 0) | (content_length ? kHasContentLength : 0) |
      (function_stuck ? kFunctionStuck : 0) | (name_pending ? kNamePending : 0));
  fixed.complete = !complete ? std::int8_t{-1} : *complete ? std::int8_t{1} : std::int8_t{0};

  std::size_t start = out.size();
  WireWriter writer(out);
  writer.value(std::uint32_t{0});
  writer.value(fixed);
  writer.text(error);
  writer.text(http_version);
  writer.text(content_type);
  writer.text(content_encoding);
  writer.text(retry_after);
  writer.text(remote_ip);
  writer.text(archive_id);
  writer.text(body_hash);
  writer.value(static_cast<std::uint32_t>(locations.size()));
  for (const std::string& location : locations) writer.text(location);
  write_header_lines(writer, headers);
  auto length = static_cast<std::uint32_t>(out.size() - start);
  out.replace(start, sizeof length, reinterpret_cast<const char*>(&length), sizeof length);
}

HopResult HopResult::decode(std::string_view bytes, std::string_view& body) {
  WireReader reader(bytes);
  auto head = reader.value<std::uint32_t>();
  if (head >= bytes.size()) throw WireError("a result from a worker is cut short");
  body = bytes.substr(head, bytes.size() - head - 1);
  auto encoding = static_cast<std::uint8_t>(bytes.back());
  auto fixed = reader.value<FixedFields>();
  HopResult result;
  result.times = fixed.times;
  result.started_at = fixed.started_at;
  if (fixed.flags & kHasContentLength) result.content_length = fixed.content_length;
  result.size_download = fixed.size_download;
  result.size_body = fixed.size_body;
  result.size_header = fixed.size_header;
  result.archive_size = fixed.archive_size;
  result.ssl_verify_result = static_cast<long>(fixed.ssl_verify_result);
  result.response_code = fixed.response_code;
  result.num_connects = fixed.num_connects;
  result.remote_port = fixed.remote_port;
  if (fixed.outcome >= kOutcomeCount || encoding > kLastEncoding)
    throw WireError("a result from a worker is damaged");
  result.outcome = static_cast<Outcome>(fixed.outcome);
  result.body_encoding = static_cast<FetchResult::Encoding>(encoding);
  result.local_shortage = fixed.flags & kLocalShortage;
  result.stale_connection = fixed.flags & kStaleConnection;
  result.dns_temporary = fixed.flags & kDnsTemporary;
  result.refused = fixed.flags & kRefused;
  result.request_sent = fixed.flags & kRequestSent;
  result.function_stuck = fixed.flags & kFunctionStuck;
  result.name_pending = fixed.flags & kNamePending;
  if (fixed.complete >= 0) result.complete = fixed.complete != 0;
  reader.text(result.error);
  reader.text(result.http_version);
  reader.text(result.content_type);
  reader.text(result.content_encoding);
  reader.text(result.retry_after);
  reader.text(result.remote_ip);
  reader.text(result.archive_id);
  reader.text(result.body_hash);
  auto locations = reader.value<std::uint32_t>();
  for (std::uint32_t i = 0; i < locations; ++i) result.locations.emplace_back(reader.text());
  read_header_lines(reader, result.headers);
  return result;
}

}  // namespace fetchpool::engine
