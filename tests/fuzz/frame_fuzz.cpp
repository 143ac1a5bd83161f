// Bytes as a stream of frames: however the stream is cut into pieces, the same frames come out of
// it, and the same bytes are refused.
//
// The first byte says how the stream is cut, the second what the rest is: the stream itself, or a
// recipe for one with right checks, since those would hardly ever be met by chance.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/frame.h"

namespace {

using namespace fetchpool;

// So that frames larger than the reader's blocks are among them.
constexpr std::size_t kLongest = (std::size_t{1} << 20) + 4096;

void require(bool claim) {
  if (!claim) std::abort();
}

struct Outcome {
  std::vector<ipc::Frame> frames;  // held to the end: later frames must not touch them
  bool refused = false;
  bool in_frame = false;

  bool operator==(const Outcome& other) const {
    auto same = [](const ipc::Frame& a, const ipc::Frame& b) {
      return a.kind == b.kind && a.job == b.job && a.payload.view() == b.payload.view();
    };
    return refused == other.refused && (refused || in_frame == other.in_frame) &&
           std::equal(frames.begin(), frames.end(), other.frames.begin(), other.frames.end(), same);
  }
};

// Pieces of 1 to `most` bytes, whose sizes follow from `seed`.
Outcome decode(std::string_view stream, std::size_t most, unsigned seed) {
  Outcome outcome;
  ipc::FrameReader reader(kLongest);
  try {
    while (!stream.empty()) {
      auto room = reader.room();
      require(!room.empty());
      seed = seed * 1103515245 + 12345;
      std::size_t count = std::min({room.size(), stream.size(), 1 + (seed >> 8) % most});
      std::memcpy(room.data(), stream.data(), count);
      reader.filled(count);
      stream.remove_prefix(count);
      while (auto frame = reader.next()) outcome.frames.push_back(std::move(*frame));
    }
    outcome.in_frame = reader.in_frame();
  } catch (const ipc::ProtocolError&) {
    outcome.refused = true;
  }
  return outcome;
}

// Four bytes make a frame: its kind, its job, and its length in two; now and then a wrong byte.
std::string follow(std::string_view recipe) {
  std::string stream;
  for (; recipe.size() >= 4; recipe.remove_prefix(4)) {
    auto byte = [&](std::size_t at) { return static_cast<unsigned char>(recipe[at]); };
    std::size_t length = byte(2) == 7 ? std::size_t{byte(3)} << 12 : byte(3);
    auto header = ipc::make_header(static_cast<ipc::FrameKind>(byte(0) % 32), byte(1), length);
    std::size_t begin = stream.size();
    stream.append(reinterpret_cast<const char*>(&header), sizeof header);
    stream.append(length, static_cast<char>(byte(1)));
    if (byte(2) >= 248) stream[begin + byte(3) % sizeof header] ^= 1;
    if (byte(2) == 240) stream.erase(begin + (sizeof header + length) / 2);
    if (stream.size() > kLongest) break;
  }
  return stream;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string stream = data[1] % 2 ? follow(rest) : std::string(rest);
  const Outcome whole = decode(stream, stream.size() + 1, 0);
  // Small pieces of a large stream would take all the time.
  const std::size_t least = stream.size() / 1000;
  require(decode(stream, least + 1 + data[0], data[0]) == whole);
  require(decode(stream, std::size_t{1} << 16, data[0]) == whole);
  if (stream.size() <= 4096) require(decode(stream, 1, 0) == whole);
  return 0;
}
