// One content coding undone; only the decoder and its codings include this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fetch/decoder.h"

namespace fetchpool::body {

// Takes decoded blocks and says whether to go on.
class Next {
 public:
  virtual ~Next() = default;
  virtual bool take(std::string_view block) = 0;
};

// Reads one coded stream. Once something is wrong, here or further on, it takes no more bytes.
class Layer : public Next {
 public:
  // `next` must outlive the layer. It is handed at most `most_bytes`, 0 for any number.
  Layer(std::string name, Next& next, std::uint64_t most_bytes);

  bool take(std::string_view wire) final;
  // No more bytes come.
  void finish();

  Status status() const { return status_; }
  const std::string& reason() const { return reason_; }
  const Flags& flags() const { return flags_; }

 protected:
  static constexpr std::size_t kBlockSize = std::size_t{32} << 10;

  // Decodes all of `wire`, which is not empty. What is wrong goes to fail().
  virtual void decode(std::string_view wire) = 0;
  // Whether the coded stream may end here.
  virtual bool at_end() const = 0;

  void fail(Status status, const std::string& reason);
  // Hands on the first `size` bytes of the block; false: stop.
  bool hand_on(std::size_t size);
  char* block() { return block_.get(); }
  bool is_going_on() const { return status_ == Status::more && !stopped_; }

  Flags flags_;

 private:
  std::string name_;
  Next& next_;
  std::uint64_t most_bytes_;
  std::uint64_t handed_on_ = 0;
  std::unique_ptr<char[]> block_;
  Status status_ = Status::more;
  std::string reason_;
  bool stopped_ = false;  // by what comes after
  bool saw_bytes_ = false;
};

std::unique_ptr<Layer> make_gzip_layer(Next& next, std::uint64_t most_bytes);
std::unique_ptr<Layer> make_deflate_layer(Next& next, std::uint64_t most_bytes);
std::unique_ptr<Layer> make_brotli_layer(Next& next, std::uint64_t most_bytes);
std::unique_ptr<Layer> make_zstd_layer(Next& next, std::uint64_t most_bytes, int window_log);

}  // namespace fetchpool::body
