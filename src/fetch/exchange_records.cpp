#include "fetch/exchange_records.h"

#include <array>

namespace fetchpool::archive {
namespace {

// Bytes of a body that one part takes in: packing them takes some milliseconds.
constexpr std::size_t kDigestedAtOnce = std::size_t{1} << 20;
constexpr std::size_t kPackedAtOnce = std::size_t{128} << 10;
constexpr std::size_t kReadSize = std::size_t{16} << 10;

// Why the block is not all that the server had to say (ISO 28500 section 5.13); empty where it may
// be all.
std::string_view truncation(const Exchange& exchange) {
  switch (exchange.outcome) {
    case Outcome::too_large:
      return "length";
    case Outcome::timeout:
    case Outcome::low_speed:
      return "time";
    case Outcome::truncated:
    case Outcome::reset:
      return "disconnect";
    default:
      return exchange.cut ? "unspecified" : "";
  }
}

std::string protocol(std::string_view http_version) {
  bool has_frames = http_version == "2" || http_version == "3";
  return (has_frames ? "h" : "http/") + std::string(http_version);
}

std::string response_head(const Exchange& exchange, std::string_view id, std::string_view http_head,
                          Sha1& payload_digest, Sha1& block_digest) {
  RecordHead head("response", id, exchange.started_at);
  head.field("WARC-Target-URI", exchange.url);
  if (!exchange.remote_ip.empty()) head.field("WARC-IP-Address", exchange.remote_ip);
  head.field("WARC-Protocol", protocol(exchange.http_version))
      .field("WARC-Payload-Digest", payload_digest.finish())
      .field("WARC-Block-Digest", block_digest.finish());
  if (auto reason = truncation(exchange); !reason.empty()) head.field("WARC-Truncated", reason);
  head.field("Content-Type", "application/http; msgtype=response");
  return head.finish(http_head.size() + exchange.body->size());
}

}  // namespace

void ExchangeWriter::append_request(ByteBuffer& out, const Exchange& exchange,
                                    std::string_view response_id) {
  std::string block = archived_request(exchange.request);
  block_digest_.feed(block);
  RecordHead head("request", ids_.next(), exchange.started_at);
  head.field("WARC-Target-URI", exchange.url);
  if (!exchange.remote_ip.empty()) head.field("WARC-IP-Address", exchange.remote_ip);
  head.reference("WARC-Concurrent-To", response_id)
      .field("WARC-Block-Digest", block_digest_.finish())
      .field("Content-Type", "application/http; msgtype=request");
  record_.clear();
  record_.append(head.finish(block.size()));
  record_.append(block);
  record_.append(kRecordEnd);
  packer_.append(out, record_.view());
}

std::string ExchangeWriter::append(ByteBuffer& out, const Exchange& exchange) {
  std::string id = ids_.next();
  append_request(out, exchange, id);
  std::string http_head = archived_response(exchange.response, exchange.facts);
  std::string_view body = exchange.body->whole();
  payload_digest_.feed(body);
  block_digest_.feed(http_head);
  block_digest_.feed(body);
  record_.clear();
  record_.append(response_head(exchange, id, http_head, payload_digest_, block_digest_));
  record_.append(http_head);
  record_.append(body);
  record_.append(kRecordEnd);
  packer_.append(out, record_.view());
  return id;
}

LongExchange::LongExchange(ExchangeWriter& writer, const Exchange& exchange)
    : writer_(writer),
      exchange_(exchange),
      id_(writer.ids_.next()),
      http_head_(archived_response(exchange.response, exchange.facts)) {
  block_digest_.feed(http_head_);
}

bool LongExchange::append_next_part(ByteBuffer& out) {
  if (member_) return pack_next(out);
  if (digest_next()) return true;
  writer_.append_request(out, exchange_, id_);
  member_.emplace();
  member_->append(out, response_head(exchange_, id_, http_head_, payload_digest_, block_digest_));
  member_->append(out, http_head_);
  return true;
}

bool LongExchange::digest_next() {
  std::array<char, kReadSize> block;
  for (std::size_t done = 0; done < kDigestedAtOnce; done += kReadSize) {
    std::size_t count = exchange_.body->read(digested_, block);
    if (count == 0) return false;
    digested_ += count;
    payload_digest_.feed({block.data(), count});
    block_digest_.feed({block.data(), count});
  }
  return true;
}

bool LongExchange::pack_next(ByteBuffer& out) {
  std::array<char, kReadSize> block;
  for (std::size_t done = 0; done < kPackedAtOnce; done += kReadSize) {
    std::size_t count = exchange_.body->read(packed_, block);
    if (count == 0) {
      member_->append(out, kRecordEnd);
      member_->finish(out);
      return false;
    }
    packed_ += count;
    member_->append(out, {block.data(), count});
  }
  return true;
}

}  // namespace fetchpool::archive
