#include <brotli/decode.h>

#include <new>

#include "fetch/layer.h"

namespace fetchpool::body {
namespace {

struct StateCloser {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};

class BrotliLayer : public Layer {
 public:
  BrotliLayer(Next& next, std::uint64_t most_bytes)
      : Layer("br", next, most_bytes),
        state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
  }

 protected:
  void decode(std::string_view wire) override {
    while (!is_over_ && is_going_on()) {
      std::size_t in_left = wire.size();
      auto in = reinterpret_cast<const std::uint8_t*>(wire.data());
      std::size_t room = kBlockSize;
      auto out = reinterpret_cast<std::uint8_t*>(block());
      auto result =
          BrotliDecoderDecompressStream(state_.get(), &in_left, &in, &room, &out, nullptr);
      wire.remove_prefix(wire.size() - in_left);
      if (room < kBlockSize && !hand_on(kBlockSize - room)) return;
      if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return;
      if (result == BROTLI_DECODER_RESULT_ERROR) return fail_with(state_.get());
      if (result == BROTLI_DECODER_RESULT_SUCCESS) {
        is_over_ = true;
        flags_.members = 1;
      }
    }
    if (is_over_ && !wire.empty()) flags_.trailing_junk = true;
  }

  bool at_end() const override { return is_over_; }

 private:
  void fail_with(const BrotliDecoderState* state) {
    auto code = BrotliDecoderGetErrorCode(state);
    if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
        code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
      throw std::bad_alloc();
    fail(Status::corrupt, BrotliDecoderErrorString(code));
  }

  std::unique_ptr<BrotliDecoderState, StateCloser> state_;
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<Layer> make_brotli_layer(Next& next, std::uint64_t most_bytes) {
  return std::make_unique<BrotliLayer>(next, most_bytes);
}

}  // namespace fetchpool::body
