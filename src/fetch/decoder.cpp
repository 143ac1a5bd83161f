#include "fetch/decoder.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/ascii.h"
#include "fetch/layer.h"

namespace fetchpool::body {
namespace {

constexpr std::size_t kMostCodings = 2;

struct KnownCoding {
  std::string_view token;
  Coding coding;
};
constexpr KnownCoding kKnown[] = {{"gzip", Coding::gzip},
                                  {"x-gzip", Coding::gzip},
                                  {"deflate", Coding::deflate},
                                  {"br", Coding::brotli},
                                  {"zstd", Coding::zstd}};

std::unique_ptr<Layer> make_layer(Coding coding, Next& next, std::uint64_t most_bytes,
                                  int zstd_window_log) {
  switch (coding) {
    case Coding::gzip:
      return make_gzip_layer(next, most_bytes);
    case Coding::deflate:
      return make_deflate_layer(next, most_bytes);
    case Coding::brotli:
      return make_brotli_layer(next, most_bytes);
    case Coding::zstd:
      return make_zstd_layer(next, most_bytes, zstd_window_log);
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(Status status) {
  constexpr std::string_view kNames[] = {"more",      "finished", "truncated", "corrupt",
                                         "too_large", "unknown",  "too_many"};
  return kNames[static_cast<std::size_t>(status)];
}

CodingList parse_codings(std::string_view content_encoding) {
  CodingList list;
  while (!content_encoding.empty()) {
    std::size_t comma = std::min(content_encoding.find(','), content_encoding.size());
    std::string_view token = trimmed(content_encoding.substr(0, comma));
    content_encoding.remove_prefix(std::min(comma + 1, content_encoding.size()));
    if (token.empty() || equal_ignoring_case(token, "identity") ||
        equal_ignoring_case(token, "none"))
      continue;
    auto known = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const KnownCoding& entry) {
      return equal_ignoring_case(token, entry.token);
    });
    if (known == std::end(kKnown)) {
      list.problem = Status::unknown;
      list.reason = "content coding " + std::string(token.substr(0, 64)) + " is not known";
      return list;
    }
    if (list.codings.size() == kMostCodings) {
      list.problem = Status::too_many;
      list.reason = "more than " + std::to_string(kMostCodings) + " content codings";
      return list;
    }
    list.codings.push_back(known->coding);
  }
  return list;
}

// Ends the chain: holds the bytes that go out to the limit.
class Decoder::Gate : public Next {
 public:
  explicit Gate(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  bool take(std::string_view block) override {
    std::uint64_t room = most_bytes_ == 0 ? block.size() : most_bytes_ - passed_;
    bool fits = block.size() <= room;
    if (!fits) block = block.substr(0, static_cast<std::size_t>(room));
    passed_ += block.size();
    if (!block.empty()) output_->write(block);
    is_exceeded_ = is_exceeded_ || !fits;
    return fits;
  }

  void use(Output* output) { output_ = output; }
  std::uint64_t passed() const { return passed_; }
  bool is_exceeded() const { return is_exceeded_; }
  std::uint64_t most_bytes() const { return most_bytes_; }

 private:
  std::uint64_t most_bytes_;
  std::uint64_t passed_ = 0;
  Output* output_ = nullptr;
  bool is_exceeded_ = false;
};

std::unique_ptr<Decoder> Decoder::make(std::string_view content_encoding, const Limits& limits) {
  CodingList list = parse_codings(content_encoding);
  if (list.problem != Status::more)
    return std::unique_ptr<Decoder>(new Decoder(list.problem, std::move(list.reason)));
  return std::make_unique<Decoder>(list.codings, limits);
}

Decoder::Decoder(Status problem, std::string reason)
    : status_(problem), reason_(std::move(reason)), gate_(std::make_unique<Gate>(0)) {}

Decoder::Decoder(const std::vector<Coding>& codings, const Limits& limits)
    : gate_(std::make_unique<Gate>(limits.decoded_bytes)) {
  assert(codings.size() <= kMostCodings);
  // A coding can make what it codes a little longer, so what stands between two of them gets more
  // room than what comes out in the end.
  std::uint64_t between =
      limits.decoded_bytes == 0 ? 0 : limits.decoded_bytes + limits.decoded_bytes / 8 + 1024;
  Next* next = gate_.get();
  for (Coding coding : codings) {
    std::uint64_t most_bytes = layers_.empty() ? 0 : between;
    layers_.push_back(make_layer(coding, *next, most_bytes, limits.zstd_window_log));
    next = layers_.back().get();
  }
}

Decoder::~Decoder() = default;

Status Decoder::feed(std::string_view wire, Output& output) {
  if (status_ != Status::more || wire.empty()) return status_;
  gate_->use(&output);
  if (layers_.empty()) {
    gate_->take(wire);
  } else {
    layers_.back()->take(wire);
  }
  collect_status();
  return status_;
}

Status Decoder::finish(Output& output) {
  if (status_ != Status::more) return status_;
  gate_->use(&output);
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) (*layer)->finish();
  status_ = Status::finished;
  collect_status();
  return status_;
}

// What is wrong furthest on is what stopped the layers before it.
void Decoder::collect_status() {
  if (gate_->is_exceeded()) {
    status_ = Status::too_large;
    reason_ = "more than " + std::to_string(gate_->most_bytes()) + " bytes come out";
    return;
  }
  for (const auto& layer : layers_) {
    if (layer->status() == Status::more || layer->status() == Status::finished) continue;
    status_ = layer->status();
    reason_ = layer->reason();
    return;
  }
}

Flags Decoder::flags() const {
  Flags flags;
  for (const auto& layer : layers_) {
    flags.members = layer->flags().members;
    flags.trailing_junk = flags.trailing_junk || layer->flags().trailing_junk;
  }
  return flags;
}

std::uint64_t Decoder::decoded_bytes() const {
  return gate_->passed();
}

}  // namespace fetchpool::body
