// Results, pieces and files for the tests of this layer.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fetchpool/fetch.h"

namespace fetchpool::output {

inline std::string url_line(std::uint64_t number) {
  return "http://example.com/" + std::to_string(number);
}

// A result in which every field has a value.
inline FetchResult full_result(std::uint64_t seq, const std::string& body) {
  FetchResult result;
  result.seq = seq;
  result.input = "http://example.com/a?x=1#f";
  result.url = "http://example.com/a?x=1";
  result.url_effective = "https://www.example.com/a?x=1";
  result.outcome = Outcome::ok;
  result.response_code = 200;
  result.http_version = "1.1";
  result.content_type = "text/html; charset=UTF-8";
  result.content_encoding = "gzip";
  result.content_length = 412;
  result.headers = {{"Server", "nginx"}, {"ETag", "\"6b02910e-285\""}};
  result.size_download = 412;
  result.size_body = body.size();
  result.size_header = 238;
  result.complete = true;
  result.redirects = {{"http://example.com/a?x=1", 301, "https://www.example.com/a?x=1"}};
  result.num_attempts = 2;
  result.num_connects = 1;
  result.retry_after = 2;
  result.remote_ip = "192.0.2.7";
  result.remote_port = 443;
  result.times = {0.0012, 0.000013, 0.1, 0.2, 0.200105, 0.3, 1.5, 2.0000005};
  result.timestamp =
      std::chrono::system_clock::time_point(std::chrono::microseconds(1795330535123456));
  result.worker = 1;
  result.body = Body(Bytes(body));
  result.body_encoding = FetchResult::Encoding::utf8;
  return result;
}

// A result without an answer, as of a name that was not found.
inline FetchResult failed_result(std::uint64_t seq) {
  FetchResult result;
  result.seq = seq;
  result.input = "http://nowhere.example/";
  result.url = result.url_effective = result.input;
  result.outcome = Outcome::dns;
  result.error = "the name nowhere.example was not found";
  result.num_attempts = 3;
  return result;
}

inline FetchResult raw_result(std::uint64_t seq, const std::string& body) {
  FetchResult result = full_result(seq, body);
  result.body_encoding = FetchResult::Encoding::raw;
  return result;
}

// Reproducible bytes in which each position differs from its neighbours.
inline std::string sample_bytes(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>('!' + random() % 90);
  return bytes;
}

inline std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Where files are in memory, for tests that make thousands of them; else the usual place.
inline std::filesystem::path fast_directory() {
  std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

// A directory of its own for a test, removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : TemporaryDirectory(std::filesystem::temp_directory_path()) {}
  explicit TemporaryDirectory(const std::filesystem::path& base) {
    std::string name = (base / "output-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace fetchpool::output
