#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "fetch/layer.h"
#include "fetch/member_magic.h"

namespace fetchpool::body {
namespace {

constexpr std::size_t kMagicSize = 4;

// RFC 8878, sections 3.1.1 and 3.1.2: FD2FB528, and 184D2A50 to 184D2A5F for a skippable frame, low
// byte first. Older formats, which the library may know too, are not for the web.
bool could_be_magic(std::string_view seen) {
  constexpr std::string_view kFrame = "\x28\xb5\x2f\xfd";
  constexpr std::string_view kSkippableRest = "\x2a\x4d\x18";
  if (kFrame.starts_with(seen)) return true;
  return (static_cast<unsigned char>(seen[0]) & 0xf0) == 0x50 &&
         kSkippableRest.starts_with(seen.substr(1));
}

struct StreamCloser {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

class ZstdLayer : public Layer {
 public:
  ZstdLayer(Next& next, std::uint64_t most_bytes, int window_log)
      : Layer("zstd", next, most_bytes), stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, window_log);
  }

 protected:
  void decode(std::string_view wire) override {
    while (!wire.empty() && is_going_on() && !flags_.trailing_junk) {
      if (is_in_frame_) {
        decode_frame(wire);
      } else {
        begin_frame(wire);
      }
    }
  }

  bool at_end() const override {
    return flags_.members > 0 && !is_in_frame_ && magic_.seen().empty();
  }

 private:
  void begin_frame(std::string_view& wire) {
    auto verdict = magic_.judge(wire, kMagicSize, could_be_magic);
    if (verdict == MemberMagic::Verdict::unsure) return;
    if (verdict == MemberMagic::Verdict::junk) {
      if (flags_.members == 0) return fail(Status::corrupt, "not a zstd frame");
      flags_.trailing_junk = true;
      magic_.clear();
      return;
    }
    is_in_frame_ = true;
    std::string seen = magic_.seen();
    magic_.clear();
    std::string_view magic = seen;
    decode_frame(magic);
  }

  void decode_frame(std::string_view& wire) {
    ZSTD_inBuffer in{wire.data(), wire.size(), 0};
    ZSTD_outBuffer out;
    std::size_t hint;
    do {
      out = {block(), kBlockSize, 0};
      hint = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (out.pos > 0 && !hand_on(out.pos)) return;
      if (ZSTD_isError(hint) != 0) return fail_with(hint);
      // A full block may be followed by bytes that zstd still holds.
    } while (hint != 0 && (in.pos < in.size || out.pos == out.size));
    wire.remove_prefix(in.pos);
    if (hint != 0) return;
    is_in_frame_ = false;
    ++flags_.members;
  }

  void fail_with(std::size_t code) {
    switch (ZSTD_getErrorCode(code)) {
      case ZSTD_error_memory_allocation:
        throw std::bad_alloc();
      case ZSTD_error_frameParameter_windowTooLarge:
        return fail(Status::too_large, "its window is larger than allowed");
      default:
        return fail(Status::corrupt, ZSTD_getErrorName(code));
    }
  }

  std::unique_ptr<ZSTD_DStream, StreamCloser> stream_;
  MemberMagic magic_;
  bool is_in_frame_ = false;
};

}  // namespace

std::unique_ptr<Layer> make_zstd_layer(Next& next, std::uint64_t most_bytes, int window_log) {
  return std::make_unique<ZstdLayer>(next, most_bytes, window_log);
}

}  // namespace fetchpool::body
