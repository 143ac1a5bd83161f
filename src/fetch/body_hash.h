// A hash of a body, made while the body comes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fetchpool/fetch_options.h"

namespace fetchpool::engine {

// One object hashes body after body. With BodyHash::none it does nothing.
class BodyHasher {
 public:
  // Throws Error where OpenSSL does not have the algorithm.
  explicit BodyHasher(BodyHash kind);
  BodyHasher(const BodyHasher&) = delete;
  BodyHasher& operator=(const BodyHasher&) = delete;
  ~BodyHasher();

  bool is_on() const { return state_ != nullptr; }
  // A body begins; what was fed before is forgotten.
  void begin();
  void feed(std::string_view bytes);
  // Of what was fed since begin(), in lower-case hexadecimal: 64 digits of SHA-256 (FIPS 180-4), 16
  // of XXH3 (64 bits, as `xxhsum -H3` prints them). Empty with BodyHash::none. begin() is to
  // follow.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fetchpool::engine
