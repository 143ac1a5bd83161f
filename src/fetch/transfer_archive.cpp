#include "fetch/transfer_archive.h"

namespace fetchpool::engine {

TransferArchive::TransferArchive(CURL* easy, archive::ExchangeWriter& writer) : writer_(writer) {
  // The one way to see a request as it is sent.
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
}

void TransferArchive::begin() {
  sent_.clear();
  long_exchange_.reset();
  is_whole_ = false;
}

int TransferArchive::on_debug(CURL*, curl_infotype kind, char* data, std::size_t size, void* self) {
  if (kind == CURLINFO_HEADER_OUT) static_cast<TransferArchive*>(self)->take_sent({data, size});
  return 0;
}

// A head may come in several pieces. After a whole one comes another where libcurl speaks to a
// proxy first, or sends the request again on a new connection: the last one was answered.
void TransferArchive::take_sent(std::string_view text) {
  if (sent_.ends_with("\r\n\r\n")) sent_.clear();
  sent_ += text;
}

void TransferArchive::append(ByteBuffer& out, const archive::Exchange& exchange,
                             HopResult& result) {
  std::size_t before = out.size();
  result.archive_id = writer_.append(out, exchange);
  result.archive_size = out.size() - before;
}

bool TransferArchive::append_next_part(ByteBuffer& out, const archive::Exchange& exchange,
                                       HopResult& result) {
  if (is_whole_) return false;
  if (!long_exchange_) {
    long_exchange_.emplace(writer_, exchange);
    result.archive_id = long_exchange_->response_id();
  }
  std::size_t before = out.size();
  is_whole_ = !long_exchange_->append_next_part(out);
  result.archive_size += out.size() - before;
  return true;
}

}  // namespace fetchpool::engine
