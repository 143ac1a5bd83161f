// Content codings (RFC 9110, section 8.4) undone, and the truth about how the coded stream ended.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fetch/body_output.h"

namespace fetchpool::body {

enum class Coding { gzip, deflate, brotli, zstd };

enum class Status {
  more,       // all is well so far, and more may come
  finished,   // only from finish(): the end of the coded stream was seen
  truncated,  // only from finish(): the bytes stopped before the end of the coded stream
  corrupt,    // not what the coding says; see reason()
  too_large,  // more decoded bytes than allowed, or it would need a larger window than allowed
  unknown,    // a coding we do not know
  too_many,   // more codings, one in the other, than are decoded
};

std::string_view name_of(Status status);

struct Limits {
  // Most bytes that may come out, 0 for no limit. What one coding hands to the next one is held to
  // an eighth more.
  std::uint64_t decoded_bytes = 0;
  // Binary logarithm of the largest zstd window: 8 MiB, which RFC 9659 makes the largest on the
  // web. (Brotli's windows end at 16 MiB, RFC 7932; deflate's at 32 KiB.)
  int zstd_window_log = 23;
};

struct Flags {
  bool trailing_junk = false;  // bytes after the end of the coded stream, which were dropped
  std::uint64_t members = 0;   // whole gzip members and zstd frames; 1 for other codings' streams
};

// What a Content-Encoding says: its field values, joined with commas.
struct CodingList {
  // In the order they were applied, so the last one is undone first. Empty: nothing to undo.
  // Meaningful where `problem` is Status::more.
  std::vector<Coding> codings;
  Status problem = Status::more;  // or unknown, too_many
  std::string reason;
};

// "identity", "none" and empty elements stand for nothing, "x-gzip" for gzip; case does not matter.
// At most two codings.
CodingList parse_codings(std::string_view content_encoding);

class Layer;

// Decodes one body as it comes. The memory it needs depends on the coding, not on the bytes: about
// 48 KiB for gzip and deflate, at most 8.5 MiB for zstd and 17 MiB for brotli, 32 KiB more each.
//
// - gzip (RFC 1952): members one after the other are one body.
// - deflate: zlib's format (RFC 1950), and the bare format of RFC 1951 that some servers mean.
// - br (RFC 7932), without the larger windows that are not for the web.
// - zstd (RFC 8878): frames one after the other are one body; skippable frames are skipped.
//
// Bytes after the end of a coded stream are dropped and flagged, unless they begin as another
// member. A body of no bytes at all is a finished one: servers label empty bodies too.
class Decoder {
 public:
  // Throws std::bad_alloc, as feed() does: shortage here is not the fault of the body.
  // Never null. When the codings cannot be undone, the decoder's status says so from the start and
  // it takes no bytes.
  static std::unique_ptr<Decoder> make(std::string_view content_encoding, const Limits& limits);
  // Requires at most two codings.
  Decoder(const std::vector<Coding>& codings, const Limits& limits);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Decodes the next bytes from the wire into `output`, in blocks of at most 64 KiB (where there is
  // nothing to undo, as they are). Returns more, or what is wrong: from then on nothing is decoded
  // and the status stays. At too_large for the number of bytes, exactly as many as are allowed have
  // come out; at corrupt, some or all of those before the fault have.
  Status feed(std::string_view wire, Output& output);
  // No more bytes come. Returns finished, truncated, or what was wrong before.
  Status finish(Output& output);

  Status status() const { return status_; }
  // For a person, where the status is neither more nor finished: "gzip: incorrect data check".
  const std::string& reason() const { return reason_; }
  // Of the outermost coding the members, of all codings the junk.
  Flags flags() const;
  // Whether the bytes go through as they are.
  bool is_identity() const { return layers_.empty(); }
  std::uint64_t decoded_bytes() const;

 private:
  class Gate;

  Decoder(Status problem, std::string reason);
  void collect_status();

  Status status_ = Status::more;
  std::string reason_;
  std::unique_ptr<Gate> gate_;
  // The innermost, whose bytes go to the gate, first; the one fed from the wire last.
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace fetchpool::body
