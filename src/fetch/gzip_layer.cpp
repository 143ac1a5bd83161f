#include "fetch/inflate_stream.h"
#include "fetch/layer.h"
#include "fetch/member_magic.h"

namespace fetchpool::body {
namespace {

// ID1, ID2 and the only compression method there is (RFC 1952, section 2.3.1).
constexpr std::string_view kMagic = "\x1f\x8b\x08";

// RFC 1952, section 2.2: "A gzip file consists of a series of members".
class GzipLayer : public InflateLayer {
 public:
  GzipLayer(Next& next, std::uint64_t most_bytes)
      : InflateLayer("gzip", InflateFormat::gzip, next, most_bytes) {}

 protected:
  void decode(std::string_view wire) override {
    while (!wire.empty() && is_going_on() && !flags_.trailing_junk) {
      if (is_between_members_) {
        begin_member(wire);
      } else if (inflate_until_end(wire)) {
        ++flags_.members;
        is_between_members_ = true;
      }
    }
  }

  bool at_end() const override { return is_between_members_ && magic_.seen().empty(); }

 private:
  void begin_member(std::string_view& wire) {
    auto verdict = magic_.judge(wire, kMagic.size(),
                                [](std::string_view seen) { return kMagic.starts_with(seen); });
    if (verdict == MemberMagic::Verdict::unsure) return;
    flags_.trailing_junk = verdict == MemberMagic::Verdict::junk;
    magic_.clear();
    if (flags_.trailing_junk) return;
    is_between_members_ = false;
    stream_.restart(InflateFormat::gzip);
    std::string_view magic = kMagic;
    inflate_until_end(magic);
  }

  MemberMagic magic_;
  bool is_between_members_ = false;
};

}  // namespace

std::unique_ptr<Layer> make_gzip_layer(Next& next, std::uint64_t most_bytes) {
  return std::make_unique<GzipLayer>(next, most_bytes);
}

}  // namespace fetchpool::body
