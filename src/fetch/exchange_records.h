// An HTTP exchange as records of a WARC file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "fetch/archived_http.h"
#include "fetch/body_spool.h"
#include "fetch/gzip_member.h"
#include "fetch/sha1.h"
#include "fetch/warc_record.h"
#include "fetchpool/outcome.h"

namespace fetchpool::archive {

// What is to be told of an exchange that had a response.
struct Exchange {
  std::string_view url;
  std::string_view request;   // its head as it was sent
  std::string_view response;  // its head as it was received, with the blank line
  std::string_view http_version;
  std::string_view remote_ip;
  std::int64_t started_at = 0;  // microseconds since the epoch of system_clock
  Outcome outcome = Outcome::ok;
  bool cut = false;  // the body is not all that the server had to say
  const body::BodySpool* body = nullptr;
  ArchivedBody facts;  // about the body
};

// Makes a request record and a response record of an exchange, each a gzip member of its own. Keeps
// its working memory from one to the next; one a process.
class ExchangeWriter {
 public:
  // Appends both. Requires that the body is in memory. Returns the id of the response record.
  std::string append(ByteBuffer& out, const Exchange& exchange);

 private:
  friend class LongExchange;

  void append_request(ByteBuffer& out, const Exchange& exchange, std::string_view response_id);

  RecordIds ids_;
  Sha1 payload_digest_;
  Sha1 block_digest_;
  MemberPacker packer_;
  ByteBuffer record_;
};

// The same two records of an exchange whose body is in a file, part by part: nothing takes longer
// than some milliseconds, and nothing is kept in memory. What the exchange points to, and the
// writer, must outlive this object.
class LongExchange {
 public:
  LongExchange(ExchangeWriter& writer, const Exchange& exchange);

  // Appends the next part, which may be empty; false when it was the last.
  bool append_next_part(ByteBuffer& out);
  const std::string& response_id() const { return id_; }

 private:
  bool digest_next();
  bool pack_next(ByteBuffer& out);

  ExchangeWriter& writer_;
  Exchange exchange_;
  std::string id_;
  std::string http_head_;
  Sha1 payload_digest_;
  Sha1 block_digest_;
  std::uint64_t digested_ = 0;
  std::optional<MemberStream> member_;  // once everything is digested
  std::uint64_t packed_ = 0;
};

}  // namespace fetchpool::archive
