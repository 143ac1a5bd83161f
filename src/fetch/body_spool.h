// A body kept until it is whole: in memory, or in a file without a name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/unique_fd.h"
#include "fetch/body_output.h"

namespace fetchpool::body {

// Holds up to `memory_limit` bytes in memory. A larger body moves to a temporary file in
// `directory` that has no name and goes with the spool or the process, however that ends.
//
// What fails on the file (no space left, no such directory) is a SystemError with the directory in
// it; the spool must be cleared before it is used again.
class BodySpool : public Output {
 public:
  static constexpr std::size_t kDefaultMemoryLimit = std::size_t{256} << 10;

  // `directory` should not be a tmpfs, or the file is memory too.
  explicit BodySpool(std::string directory = "/var/tmp",
                     std::size_t memory_limit = kDefaultMemoryLimit);

  void append(std::string_view bytes);
  void write(std::string_view block) override { append(block); }

  std::uint64_t size() const { return written_ + memory_.size(); }
  bool is_in_memory() const { return !file_.is_open(); }
  // The whole body; valid until the next append() or clear(). Requires is_in_memory().
  std::string_view whole() const;
  // Reads from `offset` on into `room`, wherever the body is, and returns how many bytes there
  // were: fewer than there is room for only at the end. Requires offset <= size().
  std::size_t read(std::uint64_t offset, std::span<char> room) const;

  // Forgets the body, for the next one: the file goes, the memory stays.
  void clear();

 private:
  void write_out(std::string_view bytes);

  std::string directory_;
  std::size_t memory_limit_;
  // The whole body; once there is a file, what comes after its end.
  ByteBuffer memory_;
  UniqueFd file_;
  std::uint64_t written_ = 0;  // to the file
};

}  // namespace fetchpool::body
