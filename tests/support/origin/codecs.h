// The content codings, as encoders.
#pragma once

#include <string>
#include <string_view>

namespace fetchpool::test {

std::string gzip(std::string_view text);
std::string zlib(std::string_view text);
// Deflate without any wrapping, as some servers send it.
std::string raw_deflate(std::string_view text);
std::string brotli(std::string_view text);
std::string zstd(std::string_view text);

// Small streams of `megabytes` MiB of zero bytes.
std::string gzip_zeros(long megabytes);
std::string brotli_zeros(long megabytes);
std::string zstd_zeros(long megabytes, int window_log);

// An uncompressed zstd stream that asks its decoder for a window of 2^window_log bytes.
std::string zstd_with_window(std::string_view text, int window_log);

}  // namespace fetchpool::test
