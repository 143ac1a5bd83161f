// The body of one response on its way from the wire to whoever gets it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "fetch/body_hash.h"
#include "fetch/body_output.h"
#include "fetch/body_spool.h"
#include "fetch/body_text.h"
#include "fetch/decoder.h"
#include "fetch/escaped_body.h"
#include "fetch/whole_decoder.h"
#include "fetchpool/fetch.h"

namespace fetchpool::engine {

// Takes a body's bytes as they come off the wire, undoes its content coding, holds it to its
// limits and keeps it: in memory while that is there, else in a file without a name. One object
// serves body after body and keeps its memory.
class ReceivedBody : private body::Output {
 public:
  // `max_bytes` holds for the bytes on the wire and for the decoded ones; 0: no limit. The decoder
  // and the memory must outlive this object.
  ReceivedBody(const FetchOptions& options, body::WholeDecoder& whole_decoder,
               body::BlockPool& memory);

  // A response begins, with the codings that its headers name and, where they say it, the length
  // of its body.
  void begin(std::string_view content_encoding, std::uint64_t length = 0);
  // False: the body is too large or its coding is wrong, see problem(); no more is taken.
  bool write_wire(std::string_view bytes);
  // No more bytes come; to be called once, however the transfer ended.
  void finish();

  std::uint64_t wire_bytes() const { return wire_bytes_; }
  // Decoded; where decoding failed, of the raw body that is kept instead.
  std::uint64_t size() const { return keeps_raw_ ? raw_.size() : size_; }
  // finished, truncated (the coded stream stopped before its end) or what was wrong.
  body::Status status() const { return status_; }
  bool too_large() const { return status_ == body::Status::too_large; }
  const std::string& reason() const { return reason_; }

  // After finish(), for an archive: the body as it is kept, and whether its content coding was
  // undone.
  const body::BodySpool& kept() const { return keeps_raw_ ? raw_ : body_; }
  bool is_decoded() const { return coded_ && !keeps_raw_; }
  // Of its size() bytes, where the options ask for it.
  const std::string& hash() const { return hash_; }

  // Forgets the body, whose memory then serves others.
  void clear();

  // Sending, after finish(), in the form that the options ask for.

  // Whether the whole encoded body makes one part of a message.
  bool is_small() const { return !escaped_ && kept().is_in_one_piece(); }
  // Appends the whole encoded body. Requires is_small().
  FetchResult::Encoding append_to(ByteBuffer& out) const;
  // How the body will be encoded.
  FetchResult::Encoding encoding() const;
  // Appends the next part of the encoded body; false when there was none left.
  bool append_next_part(ByteBuffer& out);
  // The next part where it lies already, so that it needs no copy, in a run of the memory's arena.
  std::optional<body::BlockBuffer::Run> take_next_run();

 private:
  void write(std::string_view block) override;
  bool escape(std::string_view block);
  void finish_escaping();
  void unescape();
  void take_note(std::string_view kept);
  void count(std::string_view bytes);
  void probe(const body::BodySpool& spool);
  void finish_decoding();
  void make_hash();
  void keep_status(body::Status status, const std::string& reason);
  bool begin_streaming();
  bool append_next_raw_part(ByteBuffer& out);

  BodyForm form_;
  bool decode_;
  bool for_archive_;
  body::Limits limits_;
  body::WholeDecoder& whole_decoder_;
  body::BlockPool& memory_;

  std::string content_encoding_;
  bool coded_ = false;
  std::unique_ptr<body::Decoder> decoder_;  // of a coded body too large to be decoded at its end
  body::BodySpool raw_;                     // a coded body as it came
  body::BodySpool body_;
  std::optional<body::EscapedBody> escaped_;  // instead, as long as it is large text
  BodyHasher hasher_;
  std::string hash_;
  bool keeps_raw_ = false;
  std::uint64_t wire_bytes_ = 0;
  std::uint64_t size_ = 0;
  body::Status status_ = body::Status::more;
  std::string reason_;

  body::TextProbe probe_;  // of what is kept, once it is not small
  std::uint64_t probed_ = 0;
  std::uint64_t sent_ = 0;
  std::optional<body::BodyEncoder> encoder_;
};

}  // namespace fetchpool::engine
