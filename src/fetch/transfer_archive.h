// What a transfer gives to an archive.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "fetch/exchange_records.h"
#include "fetch/hop.h"

namespace fetchpool::engine {

// Notes what a transfer sends, and makes the archive's records of the exchange when it has ended.
// Serves one hop after the other.
class TransferArchive {
 public:
  // Listens to the handle. Both must outlive this object.
  TransferArchive(CURL* easy, archive::ExchangeWriter& writer);
  ~TransferArchive() = default;
  TransferArchive(const TransferArchive&) = delete;
  TransferArchive& operator=(const TransferArchive&) = delete;

  // Another hop begins.
  void begin();
  // The head of the request as it was sent last.
  std::string_view sent() const { return sent_; }

  // Appends all records and notes them in `result`. Requires that the body is in memory.
  void append(ByteBuffer& out, const archive::Exchange& exchange, HopResult& result);
  // The same, part by part; false when there was none left. What `exchange` points to must stay
  // until then.
  bool append_next_part(ByteBuffer& out, const archive::Exchange& exchange, HopResult& result);

 private:
  static int on_debug(CURL*, curl_infotype kind, char* data, std::size_t size, void* self);
  void take_sent(std::string_view text);

  archive::ExchangeWriter& writer_;
  std::string sent_;
  std::optional<archive::LongExchange> long_exchange_;
  bool is_whole_ = false;  // nothing of the exchange is left to be appended
};

}  // namespace fetchpool::engine
