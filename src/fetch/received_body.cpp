#include "fetch/received_body.h"

#include <array>

#include "fetch/limits.h"

namespace fetchpool::engine {
namespace {

FetchResult::Encoding public_name(body::Encoding encoding) {
  switch (encoding) {
    case body::Encoding::utf8:
      return FetchResult::Encoding::utf8;
    case body::Encoding::base64:
      return FetchResult::Encoding::base64;
    case body::Encoding::raw:
      break;
  }
  return FetchResult::Encoding::raw;
}

}  // namespace

ReceivedBody::ReceivedBody(const FetchOptions& options, body::WholeDecoder& whole_decoder)
    : form_(options.body),
      decode_(options.compressed),
      for_archive_(options.warc),
      whole_decoder_(whole_decoder),
      raw_(options.spool_directory),
      body_(options.spool_directory) {
  limits_.decoded_bytes = options.max_body_bytes;
}

void ReceivedBody::begin(std::string_view content_encoding) {
  content_encoding_ = content_encoding;
  coded_ = decode_ && !content_encoding.empty();
  if (coded_) {
    body::CodingList list = body::parse_codings(content_encoding);
    coded_ = !list.codings.empty() || list.problem != body::Status::more;
  }
  decoder_.reset();
  raw_.clear();
  body_.clear();
  keeps_raw_ = false;
  wire_bytes_ = 0;
  size_ = 0;
  status_ = body::Status::more;
  reason_.clear();
  probe_.clear();
  probed_ = 0;
  sent_ = 0;
  encoder_.reset();
}

bool ReceivedBody::write_wire(std::string_view bytes) {
  wire_bytes_ += bytes.size();
  if (limits_.decoded_bytes > 0 && wire_bytes_ > limits_.decoded_bytes) {
    bytes.remove_suffix(std::min<std::uint64_t>(bytes.size(), wire_bytes_ - limits_.decoded_bytes));
    keep_status(body::Status::too_large, "more bytes on the wire than allowed");
  }
  if (!coded_) {
    write(bytes);
    return status_ == body::Status::more;
  }
  raw_.append(bytes);
  if (status_ != body::Status::more) return false;
  if (decoder_)
    keep_status(decoder_->feed(bytes, *this), decoder_->reason());
  else if (raw_.size() > body::WholeDecoder::kMostWireBytes)
    return begin_streaming();
  return status_ == body::Status::more;
}

// Too large to be decoded at its end: from here on it is decoded as it comes, so that a bomb is
// noticed early.
bool ReceivedBody::begin_streaming() {
  decoder_ = body::Decoder::make(content_encoding_, limits_);
  std::array<char, 16 << 10> block;
  std::uint64_t offset = 0;
  while (std::size_t count = raw_.read(offset, block)) {
    offset += count;
    keep_status(decoder_->feed({block.data(), count}, *this), decoder_->reason());
    if (status_ != body::Status::more) return false;
  }
  return true;
}

void ReceivedBody::finish() {
  if (!coded_) {
    keep_status(body::Status::finished, {});
    return;
  }
  if (decoder_) {
    keep_status(decoder_->finish(*this), decoder_->reason());
  } else if (status_ == body::Status::more) {
    body::WholeBody whole = whole_decoder_.decode(content_encoding_, raw_.whole(), limits_, *this);
    keep_status(whole.status, whole.reason);
  }
  // What cannot be decoded is handed over as it came.
  keeps_raw_ = status_ == body::Status::corrupt || status_ == body::Status::unknown ||
               status_ == body::Status::too_many;
  if (keeps_raw_ && form_ == BodyForm::json_text && !raw_.is_in_memory()) {
    probe_.clear();
    probed_ = 0;
    probe(raw_);
  }
}

void ReceivedBody::keep_status(body::Status status, const std::string& reason) {
  if (status_ != body::Status::more) return;
  status_ = status;
  if (status != body::Status::more) reason_ = reason;
}

void ReceivedBody::write(std::string_view block) {
  size_ += block.size();
  if (form_ == BodyForm::none && !for_archive_) return;
  body_.append(block);
  if (form_ == BodyForm::json_text && !body_.is_in_memory()) probe(body_);
}

// Looks at what was not looked at yet, so that a large body needs no second reading to know
// whether it is text.
void ReceivedBody::probe(const body::BodySpool& spool) {
  std::array<char, 16 << 10> block;
  while (std::size_t count = spool.read(probed_, block)) {
    probe_.feed({block.data(), count});
    probed_ += count;
  }
}

FetchResult::Encoding ReceivedBody::append_to(ByteBuffer& out) const {
  if (form_ == BodyForm::none || kept().size() == 0) return encoding();
  auto form = form_ == BodyForm::json_text ? body::Form::json : body::Form::raw;
  return public_name(body::append_body(out, kept().whole(), form));
}

FetchResult::Encoding ReceivedBody::encoding() const {
  if (form_ == BodyForm::none) return FetchResult::Encoding::none;
  if (form_ == BodyForm::raw) return FetchResult::Encoding::raw;
  return probe_.is_text() ? FetchResult::Encoding::utf8 : FetchResult::Encoding::base64;
}

bool ReceivedBody::append_next_part(ByteBuffer& out) {
  // Escaping makes at most six bytes of one.
  constexpr std::size_t kBlock = kLongestPart / 6;
  if (!encoder_)
    encoder_.emplace(encoding() == FetchResult::Encoding::utf8     ? body::Encoding::utf8
                     : encoding() == FetchResult::Encoding::base64 ? body::Encoding::base64
                                                                   : body::Encoding::raw);
  std::array<char, kBlock> block;
  std::size_t count = form_ == BodyForm::none ? 0 : kept().read(sent_, block);
  if (count == 0) {
    encoder_->finish(out);
    return false;
  }
  sent_ += count;
  encoder_->append(out, {block.data(), count});
  return true;
}

}  // namespace fetchpool::engine
