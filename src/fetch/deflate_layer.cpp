#include "fetch/inflate_stream.h"
#include "fetch/layer.h"
#include "fetch/zlib_header.h"

namespace fetchpool::body {
namespace {

class DeflateLayer : public InflateLayer {
 public:
  DeflateLayer(Next& next, std::uint64_t most_bytes)
      : InflateLayer("deflate", InflateFormat::zlib, next, most_bytes) {}

 protected:
  void decode(std::string_view wire) override {
    while (!is_format_known_ && !wire.empty()) {
      start_ += wire.front();
      wire.remove_prefix(1);
      if (start_.size() < kZlibHeaderSize) continue;
      is_format_known_ = true;
      if (!is_zlib_header(start_)) stream_.restart(InflateFormat::raw);
      std::string_view start = start_;
      inflate(start);
    }
    if (is_format_known_ && !wire.empty() && is_going_on()) inflate(wire);
  }

  bool at_end() const override { return is_over_; }

 private:
  void inflate(std::string_view& wire) {
    if (!is_over_ && inflate_until_end(wire)) {
      is_over_ = true;
      flags_.members = 1;
    }
    if (is_over_ && !wire.empty()) flags_.trailing_junk = true;
  }

  std::string start_;
  bool is_format_known_ = false;
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<Layer> make_deflate_layer(Next& next, std::uint64_t most_bytes) {
  return std::make_unique<DeflateLayer>(next, most_bytes);
}

}  // namespace fetchpool::body
