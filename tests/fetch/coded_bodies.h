// Bodies for the tests of the body pipeline: made up, coded, damaged and decoded again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "fetch/decoder.h"

namespace fetchpool::body {

// Text like a page's: tags, quotes, line ends, here and there a character beyond ASCII.
std::string page_of(std::size_t size, std::uint64_t seed);
std::string noise_of(std::size_t size, std::uint64_t seed);

std::string gzip_of(std::string_view body, int level = 6);
std::string zlib_of(std::string_view body);
std::string raw_deflate_of(std::string_view body);
std::string brotli_of(std::string_view body, int window_log = 22);
// With a checksum.
std::string zstd_of(std::string_view body, int window_log = 0);
std::string coded(std::string_view token, std::string_view body);

// `bytes` with a few bits, bytes or stretches changed.
std::string damaged(std::string bytes, std::mt19937_64& random);

struct TextOutput : Output {
  void write(std::string_view block) override {
    largest_block = std::max(largest_block, block.size());
    text += block;
  }
  std::string text;
  std::size_t largest_block = 0;
};

struct Decoded {
  Status status;
  std::string text;
  Flags flags;
  std::string reason;
};
// Feeds a decoder with pieces of `piece_size` bytes, 0 for all at once, and finishes it.
Decoded decoded(std::string_view content_encoding, std::string_view wire, const Limits& limits = {},
                std::size_t piece_size = 0);

}  // namespace fetchpool::body
