// How values travel between processes.
//
// These travel without a line of yours: trivially copyable types (numbers, enums, plain structs of
// them), std::string, std::vector of anything that travels, and what cereal knows: the standard
// containers, pair, tuple, optional, variant, chrono, unique_ptr and shared_ptr. A type of your own
// that is not trivially copyable says what it consists of, in cereal's way:
//
//   struct Page {
//     std::string url;
//     std::vector<Link> links;
//     template <class Archive> void serialize(Archive& archive) { archive(url, links); }
//   };
//
// and has a default constructor. Pointers and references do not travel. A plain struct is copied
// byte by byte, so a pointer inside it arrives as a number without meaning.
#pragma once

#include <array>
#include <bit>
#include <cereal/cereal.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/forward_list.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fetchpool/pool_error.h"

namespace fetchpool {

// Collects encoded values.
class Encoder {
 public:
  void append(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  template <class T>
  void raw(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    append(&value, sizeof value);
  }
  void length(std::size_t count) { raw(static_cast<std::uint64_t>(count)); }

  std::size_t size() const { return bytes_.size(); }
  std::string_view view() const { return bytes_; }
  // Forgets what was appended beyond the first `size` bytes.
  void cut(std::size_t size) { bytes_.resize(size); }
  // Writes over bytes that are there.
  template <class T>
  void patch(std::size_t offset, const T& value) {
    bytes_.replace(offset, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
  }
  // The bytes; the Encoder is empty afterwards.
  std::string release() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

// Reads encoded values. Everything it takes is checked against what is left, so that damaged bytes
// end in SerializationError and never in a large allocation.
class Decoder {
 public:
  // `bytes` must outlive the Decoder.
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) throw_cut_short();
    std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  template <class T>
  T raw() {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<char, sizeof(T)> bytes;
    std::memcpy(bytes.data(), take(sizeof(T)).data(), sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      if (bytes[0] != 0 && bytes[0] != 1) throw_damaged();
    }
    return std::bit_cast<T>(bytes);
  }
  // A number of things of which each takes at least `least` bytes, 1 or more.
  std::size_t length(std::size_t least = 1) {
    auto count = raw<std::uint64_t>();
    if (count > bytes_.size() / least) throw_cut_short();
    return static_cast<std::size_t>(count);
  }
  std::string_view left() const { return bytes_; }

 private:
  [[noreturn]] static void throw_cut_short();
  [[noreturn]] static void throw_damaged();

  std::string_view bytes_;
};

namespace detail {

// Cereal's archives over our memory. Not portable between machines, and need not be.
class CerealOutput : public cereal::OutputArchive<CerealOutput, cereal::AllowEmptyClassElision> {
 public:
  explicit CerealOutput(Encoder& encoder) : OutputArchive(this), encoder_(encoder) {}
  Encoder& encoder() { return encoder_; }

 private:
  Encoder& encoder_;
};

class CerealInput : public cereal::InputArchive<CerealInput, cereal::AllowEmptyClassElision> {
 public:
  explicit CerealInput(Decoder& decoder) : InputArchive(this), decoder_(decoder) {}
  Decoder& decoder() { return decoder_; }

 private:
  Decoder& decoder_;
};

template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(CerealOutput& archive, const T& value) {
  archive.encoder().raw(value);
}
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(CerealInput& archive, T& value) {
  value = archive.decoder().raw<T>();
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(CerealOutput& archive, const cereal::BinaryData<T>& data) {
  archive.encoder().append(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(CerealInput& archive, cereal::BinaryData<T>& data) {
  auto size = static_cast<std::size_t>(data.size);
  std::string_view bytes = archive.decoder().take(size);
  if (size > 0) std::memcpy(data.data, bytes.data(), size);
}
template <class Archive, class T>
requires std::is_same_v<Archive, CerealOutput> || std::is_same_v<Archive, CerealInput>
void CEREAL_SERIALIZE_FUNCTION_NAME(Archive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(CerealOutput& archive, const cereal::SizeTag<T>& tag) {
  archive.encoder().length(static_cast<std::size_t>(tag.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(CerealInput& archive, cereal::SizeTag<T>& tag) {
  tag.size = static_cast<std::remove_reference_t<T>>(archive.decoder().length());
}

// Types whose author says how they travel, trivially copyable or not.
template <class T>
inline constexpr bool has_own_serialize =
    cereal::traits::has_member_serialize<T, CerealOutput>::value ||
    cereal::traits::has_member_save<T, CerealOutput>::value;

template <class T>
inline constexpr bool is_pointer_like =
    std::is_pointer_v<T> || std::is_null_pointer_v<T> || std::is_member_pointer_v<T> ||
    std::is_reference_v<T> || std::is_function_v<T>;

template <class T>
inline constexpr bool is_copied_as_bytes =
    std::is_trivially_copyable_v<T> && !is_pointer_like<T> && !has_own_serialize<T> &&
    !std::is_same_v<T, std::string_view>;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = !std::is_same_v<T, bool>;

// Types that are encoded as their length and then the bytes they hold.
template <class T>
inline constexpr bool is_run_of_bytes = std::is_same_v<T, std::string>;
template <class T, class A>
inline constexpr bool is_run_of_bytes<std::vector<T, A>> =
    !std::is_same_v<T, bool> && is_copied_as_bytes<T>;

}  // namespace detail

// How T travels. Specialise it for a type that has neither of the ways above, with the same two
// functions; decode() should read what encode() wrote, and throws SerializationError.
template <class T, class = void>
struct Codec {
  static void encode(const T& value, Encoder& out);
  static T decode(Decoder& in);
};

namespace detail {

// Gets the memory in [data, data + size), which is about to be written, from the system in one go
// where it is large: faster than page by page. Changes no byte of it.
void make_resident(void* data, std::size_t size);

// These write over `text` and `vector`, and use the room they have.
inline void decode_into_room(std::string& text, Decoder& in) {
  text.assign(in.take(in.length()));
}
inline void decode_run(std::string& text, Decoder& in) {
  std::size_t size = Decoder(in).length();
  text.reserve(size);
  make_resident(text.data(), size);
  decode_into_room(text, in);
}
template <class Element, class A>
void decode_into_room(std::vector<Element, A>& vector, Decoder& in) {
  std::size_t count = in.length(sizeof(Element));
  std::string_view bytes = in.take(count * sizeof(Element));
  if constexpr (sizeof(Element) == 1) {
    // Not cleared first; and one byte is aligned wherever it lies.
    auto first = reinterpret_cast<const Element*>(bytes.data());
    vector.assign(first, first + count);
  } else {
    vector.resize(count);
    if (count > 0) std::memcpy(static_cast<void*>(vector.data()), bytes.data(), bytes.size());
  }
}
template <class Element, class A>
void decode_run(std::vector<Element, A>& vector, Decoder& in) {
  std::size_t count = Decoder(in).length(sizeof(Element));
  vector.reserve(count);
  make_resident(vector.data(), count * sizeof(Element));
  decode_into_room(vector, in);
}

template <class T>
void encode_vector(const T& vector, Encoder& out) {
  using Element = typename T::value_type;
  out.length(vector.size());
  if constexpr (is_copied_as_bytes<Element>) {
    if (!vector.empty()) out.append(vector.data(), vector.size() * sizeof(Element));
  } else {
    for (const Element& element : vector) Codec<Element>::encode(element, out);
  }
}

template <class T>
T decode_vector(Decoder& in) {
  using Element = typename T::value_type;
  T vector;
  if constexpr (is_copied_as_bytes<Element> && std::is_default_constructible_v<Element>) {
    decode_run(vector, in);
  } else {
    std::size_t count = in.length();
    vector.reserve(count);
    for (std::size_t i = 0; i < count; ++i) vector.push_back(Codec<Element>::decode(in));
  }
  return vector;
}

template <class T>
void encode_by_cereal(const T& value, Encoder& out) {
  static_assert(cereal::traits::is_output_serializable<T, CerealOutput>::value,
                "fetchpool: this type cannot be sent to another process: give it "
                "template <class Archive> void serialize(Archive& a) { a(its, members); }");
  if constexpr (cereal::traits::is_output_serializable<T, CerealOutput>::value) {
    CerealOutput archive(out);
    archive(value);
  }
}

template <class T>
T decode_by_cereal(Decoder& in) {
  static_assert(std::is_default_constructible_v<T>,
                "fetchpool: a type that is sent to another process needs a default constructor");
  if constexpr (cereal::traits::is_input_serializable<T, CerealInput>::value) {
    T value{};
    CerealInput archive(in);
    archive(value);
    return value;
  }
}

}  // namespace detail

template <class T, class Enable>
void Codec<T, Enable>::encode(const T& value, Encoder& out) {
  static_assert(!detail::is_pointer_like<T>,
                "fetchpool: a pointer or reference means nothing in another process: send the "
                "value it points to (std::string for text)");
  if constexpr (detail::is_pointer_like<T>) {
  } else if constexpr (detail::is_copied_as_bytes<T>) {
    out.raw(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    out.length(value.size());
    out.append(value.data(), value.size());
  } else if constexpr (detail::is_vector<T>) {
    detail::encode_vector(value, out);
  } else {
    detail::encode_by_cereal(value, out);
  }
}

template <class T, class Enable>
T Codec<T, Enable>::decode(Decoder& in) {
  if constexpr (detail::is_pointer_like<T>) {
    return T{};
  } else if constexpr (detail::is_copied_as_bytes<T>) {
    return in.raw<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    T text;
    detail::decode_run(text, in);
    return text;
  } else if constexpr (detail::is_vector<T>) {
    return detail::decode_vector<T>(in);
  } else {
    return detail::decode_by_cereal<T>(in);
  }
}

}  // namespace fetchpool

CEREAL_SETUP_ARCHIVE_TRAITS(fetchpool::detail::CerealInput, fetchpool::detail::CerealOutput)
