// A body fed whole, fed in pieces and decoded the fast way ends alike. The first two bytes choose
// the codings, the limit and the cut; the rest is the wire.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fetch/whole_decoder.h"

namespace {

using namespace fetchpool::body;

struct TextOutput : Output {
  void write(std::string_view block) override { text += block; }
  std::string text;
};

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_fault(Status status) {
  return status == Status::corrupt || status == Status::too_large;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr const char* kLists[] = {"gzip",     "deflate",       "br",      "zstd", "gzip, gzip",
                                    "br, gzip", "zstd, deflate", "identity"};
  const char* list = kLists[data[0] % 8];
  Limits limits{.decoded_bytes = data[0] & 0x80 ? 4000U : 100000U};
  std::size_t piece_size = 1 + data[1];
  std::string_view wire(reinterpret_cast<const char*>(data) + 2, size - 2);
  // Brotli and zstd keep back bytes that come before a fault, how many depends on the cut.
  bool is_exact = std::string_view(list).find_first_of("bs") == std::string_view::npos;

  auto decoder = Decoder::make(list, limits);
  TextOutput pieces;
  for (std::size_t at = 0; at < wire.size(); at += piece_size)
    decoder->feed(wire.substr(at, piece_size), pieces);
  Status in_pieces = decoder->finish(pieces);
  require(pieces.text.size() <= limits.decoded_bytes);
  require(pieces.text.size() == decoder->decoded_bytes());

  WholeDecoder whole_decoder;
  TextOutput whole;
  WholeBody body = whole_decoder.decode(list, wire, limits, whole);
  // The one known difference; see WholeDecoder::decode().
  if (is_exact && in_pieces == Status::corrupt && body.status == Status::finished)
    return require(whole.text.starts_with(pieces.text)), 0;
  if (is_exact || !is_fault(in_pieces) || !is_fault(body.status)) require(body.status == in_pieces);
  if (is_exact || !is_fault(in_pieces)) {
    require(whole.text == pieces.text);
    require(body.flags.members == decoder->flags().members);
    require(body.flags.trailing_junk == decoder->flags().trailing_junk);
  }
  return 0;
}
