// zlib's inflate as the layers use it; only they include this.
#pragma once

#include <zlib.h>

#include <string_view>

#include "fetch/layer.h"

namespace fetchpool::body {

// What zlib is told about the format.
enum class InflateFormat : int { raw = -MAX_WBITS, zlib = MAX_WBITS, gzip = MAX_WBITS + 16 };

// An owned inflate state.
class InflateStream {
 public:
  // Throws std::bad_alloc.
  explicit InflateStream(InflateFormat format);
  ~InflateStream();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  // Starts a new stream, perhaps of another format.
  void restart(InflateFormat format);
  // One call of inflate(): takes from the front of `wire`, writes `written` bytes to `out`.
  int step(std::string_view& wire, char* out, std::size_t room, std::size_t& written);
  const char* message() const { return stream_.msg != nullptr ? stream_.msg : "damaged"; }

 private:
  z_stream stream_{};
};

// A layer that decodes with inflate.
class InflateLayer : public Layer {
 protected:
  InflateLayer(std::string name, InflateFormat format, Next& next, std::uint64_t most_bytes)
      : Layer(std::move(name), next, most_bytes), stream_(format) {}

  // Decodes from the front of `wire` until it is empty, something is wrong, or the stream's end was
  // seen, which it returns.
  bool inflate_until_end(std::string_view& wire);

  InflateStream stream_;
};

}  // namespace fetchpool::body
