#include "fetch/received_body.h"

#include <array>

#include "fetch/limits.h"
#include "fetchpool/error.h"

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

ReceivedBody::ReceivedBody(const FetchOptions& options, body::WholeDecoder& whole_decoder,
                           body::BlockPool& memory)
    : form_(options.body),
      decode_(options.compressed),
      for_archive_(options.warc),
      whole_decoder_(whole_decoder),
      memory_(memory),
      raw_(memory, options.spool_directory, body::BodySpool::kDefaultSmall,
           body::BlockPool::Use::kept),
      body_(memory, options.spool_directory, body::BodySpool::kDefaultSmall,
            form_ == BodyForm::raw ? body::BlockPool::Use::sent : body::BlockPool::Use::kept),
      hasher_(options.hash) {
  limits_.decoded_bytes = options.max_body_bytes;
}

void ReceivedBody::begin(std::string_view content_encoding, std::uint64_t length) {
  content_encoding_ = content_encoding;
  coded_ = decode_ && !content_encoding.empty();
  if (coded_) {
    body::CodingList list = body::parse_codings(content_encoding);
    coded_ = !list.codings.empty() || list.problem != body::Status::more;
  }
  decoder_.reset();
  clear();
  if (!coded_) body_.expect(length);
  bool is_large = !coded_ && length > body::BodySpool::kDefaultSmall;
  bool may_be_escaped = is_large && form_ == BodyForm::json_text && !for_archive_;
  if (may_be_escaped && body::EscapedBody::suits(memory_, length))
    escaped_.emplace(memory_, length);
  hasher_.begin();
  hash_.clear();
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

void ReceivedBody::clear() {
  raw_.clear();
  body_.clear();
  escaped_.reset();
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
  std::array<char, 16 << 10> room;
  std::uint64_t offset = 0;
  for (std::string_view block; !(block = raw_.look(offset, room)).empty(); offset += block.size()) {
    keep_status(decoder_->feed(block, *this), decoder_->reason());
    if (status_ != body::Status::more) return false;
  }
  return true;
}

void ReceivedBody::finish() {
  try {
    if (escaped_) finish_escaping();
    if (!coded_)
      keep_status(body::Status::finished, {});
    else
      finish_decoding();
  } catch (const SystemError&) {
    make_hash();  // of what is kept
    throw;
  }
  make_hash();
}

void ReceivedBody::finish_decoding() {
  // Where it found no room on the disk.
  if (!decoder_ && !raw_.is_in_one_piece() && status_ == body::Status::more) begin_streaming();
  if (decoder_) {
    keep_status(decoder_->finish(*this), decoder_->reason());
  } else if (status_ == body::Status::more) {
    body::WholeBody whole = whole_decoder_.decode(content_encoding_, raw_.whole(), limits_, *this);
    keep_status(whole.status, whole.reason);
  }
  // What cannot be decoded is handed over as it came.
  keeps_raw_ = status_ == body::Status::corrupt || status_ == body::Status::unknown ||
               status_ == body::Status::too_many;
  if (keeps_raw_ && form_ == BodyForm::json_text && !raw_.is_in_one_piece()) {
    probe_.clear();
    probed_ = 0;
    probe(raw_);
  }
}

void ReceivedBody::make_hash() {
  if (!hasher_.is_on()) return;
  if (keeps_raw_) {
    hasher_.begin();
    std::array<char, 16 << 10> room;
    std::uint64_t offset = 0;
    for (std::string_view block; !(block = raw_.look(offset, room)).empty(); offset += block.size())
      hasher_.feed(block);
  }
  hash_ = hasher_.hex();
}

void ReceivedBody::keep_status(body::Status status, const std::string& reason) {
  if (status_ != body::Status::more) return;
  status_ = status;
  if (status != body::Status::more) reason_ = reason;
}

void ReceivedBody::write(std::string_view block) {
  if (form_ == BodyForm::none && !for_archive_) return count(block);
  if (escaped_) {
    if (escape(block)) return;
    unescape();
  }
  std::uint64_t before = body_.size();
  try {
    body_.append(block);
  } catch (const SystemError&) {
    take_note(block.substr(0, static_cast<std::size_t>(body_.size() - before)));
    throw;
  }
  take_note(block);
}

// False: with this block the body is no text any more, or too large for the memory.
bool ReceivedBody::escape(std::string_view block) {
  probe_.feed(block);
  if (!probe_.is_text_so_far() || !escaped_->append(block)) return false;
  count(block);
  return true;
}

void ReceivedBody::finish_escaping() {
  if (size_ > 0 && probe_.is_text())
    escaped_->finish();
  else
    unescape();
}

// What came comes once more, to be kept as it is.
void ReceivedBody::unescape() {
  std::string text = escaped_->release();
  escaped_.reset();
  probe_.clear();
  hasher_.begin();
  size_ = 0;
  if (!text.empty()) write(text);
}

// Of bytes that are kept.
void ReceivedBody::take_note(std::string_view kept) {
  count(kept);
  if (form_ == BodyForm::json_text && !body_.is_in_one_piece()) probe(body_);
}

void ReceivedBody::count(std::string_view bytes) {
  size_ += bytes.size();
  hasher_.feed(bytes);
}

// Looks at what was not looked at yet, so that a large body needs no second reading to know
// whether it is text.
void ReceivedBody::probe(const body::BodySpool& spool) {
  std::array<char, 16 << 10> room;
  for (std::string_view block; !(block = spool.look(probed_, room)).empty();
       probed_ += block.size())
    probe_.feed(block);
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
  if (escaped_) {
    std::string_view block = escaped_->look(static_cast<std::size_t>(sent_), kLongestPart);
    out.append(block);
    sent_ += block.size();
    return !block.empty();
  }
  switch (encoding()) {
    case FetchResult::Encoding::none:
      return false;
    case FetchResult::Encoding::raw:
      return append_next_raw_part(out);
    case FetchResult::Encoding::utf8:
      if (!encoder_) encoder_.emplace(body::Encoding::utf8);
      break;
    case FetchResult::Encoding::base64:
      if (!encoder_) encoder_.emplace(body::Encoding::base64);
      break;
  }
  // Escaping makes at most six bytes of one.
  std::array<char, kLongestPart / 6> room;
  std::size_t end = out.size() + kLongestPart;
  for (std::size_t most = room.size(); most >= 4096; most = (end - out.size()) / 6) {
    std::string_view block = kept().look(sent_, std::span(room).first(most));
    if (block.empty()) {
      encoder_->finish(out);
      return false;
    }
    sent_ += block.size();
    encoder_->append(out, block);
  }
  return true;
}

std::optional<body::BlockBuffer::Run> ReceivedBody::take_next_run() {
  std::optional<body::BlockBuffer::Run> run;
  if (escaped_)
    run = escaped_->take_run(static_cast<std::size_t>(sent_));
  else if (encoding() == FetchResult::Encoding::raw)
    run = (keeps_raw_ ? raw_ : body_).take_run(sent_);
  if (run) sent_ += run->size;
  return run;
}

bool ReceivedBody::append_next_raw_part(ByteBuffer& out) {
  std::span<char> room(out.room(kLongestPart), kLongestPart);
  std::string_view found = kept().look(sent_, room);
  if (found.data() == room.data())
    out.filled(found.size());
  else
    out.append(found);
  sent_ += found.size();
  return !found.empty();
}

}  // namespace fetchpool::engine
