// Plain fields in a row: how our own processes write what they tell each other.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "fetchpool/error.h"

namespace fetchpool {

// A message is not what its reader expects.
class WireError : public Error {
 public:
  using Error::Error;
};

// Appends fields to a string, in the byte order of the machine. What was written must be read back
// by a WireReader with the same sequence of calls.
class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void value(const T& field) { out_.append(reinterpret_cast<const char*>(&field), sizeof field); }
  void text(std::string_view field) {
    value(static_cast<std::uint32_t>(field.size()));
    out_ += field;
  }

 private:
  std::string& out_;
};

// Takes the fields out again. Throws WireError where fewer bytes are left than a field needs.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T> T value() {
    T field;
    std::memcpy(&field, take(sizeof field), sizeof field);
    return field;
  }
  template <typename T>
  void value(T& field) {
    field = value<T>();
  }
  std::string_view text() {
    auto size = value<std::uint32_t>();
    return {take(size), size};
  }
  void text(std::string& field) { field = text(); }

  // What was not read yet.
  std::string_view rest() const { return bytes_; }

 private:
  const char* take(std::size_t size) {
    if (size > bytes_.size()) throw WireError("a message between processes is cut short");
    const char* at = bytes_.data();
    bytes_.remove_prefix(size);
    return at;
  }

  std::string_view bytes_;
};

}  // namespace fetchpool
