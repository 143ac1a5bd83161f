#include "fetch/archive_metadata.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace fetchpool::archive {
namespace {

// The names that crawlers use; each R of hopsFromSeed is a redirect.
std::string block_of(const FetchResult& result) {
  std::string block = block_field("outcome", name(result.outcome));
  if (!result.error.empty()) block += block_field("error", result.error);
  if (!result.redirects.empty()) {
    block += block_field("seed", result.url);
    block += block_field("via", result.redirects.back().url);
    block += block_field("hopsFromSeed", std::string(result.redirects.size(), 'R'));
  }
  if (result.num_attempts > 1)
    block += block_field("attempts", std::to_string(result.num_attempts));
  double last_hop = std::max(0.0, result.times.total - result.times.redirect);
  block += block_field("fetchTimeMs", std::to_string(std::llround(last_hop * 1000)));
  return block;
}

}  // namespace

Bytes MetadataWriter::member(const FetchResult& result, std::int64_t date,
                             std::string_view response_id) {
  std::string block = block_of(result);
  RecordHead head("metadata", ids_.next(), date);
  head.field("WARC-Target-URI", result.url_effective);
  if (!response_id.empty()) head.reference("WARC-Concurrent-To", response_id);
  head.field("Content-Type", "application/warc-fields");
  std::string record = head.finish(block.size());
  record += block;
  record += kRecordEnd;
  ByteBuffer member;
  packer_.append(member, record);
  return member.release();
}

Body take_front(Body& whole, std::size_t size) {
  Body front;
  Body rest;
  for (const Bytes& piece : whole.pieces()) {
    std::size_t of_front = std::min(piece.size(), size - front.size());
    if (of_front > 0) front.append(piece.slice(0, of_front));
    if (of_front < piece.size()) rest.append(piece.slice(of_front));
  }
  whole = std::move(rest);
  return front;
}

}  // namespace fetchpool::archive
