// Values on their way, whole and damaged.
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <variant>

#include "fetchpool/codec.h"
#include "support/catch.h"

namespace fetchpool {
namespace {

template <class T>
T round_trip(const T& value) {
  Encoder out;
  Codec<T>::encode(value, out);
  std::string bytes = out.release();
  Decoder in(bytes);
  T copy = Codec<T>::decode(in);
  CHECK(in.left().empty());
  return copy;
}

struct Plain {
  int a;
  double b;
  char c[3];
};

struct Page {
  std::string url;
  std::vector<std::pair<std::string, int>> links;
  std::optional<double> score;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(url, links, score);
  }
  bool operator==(const Page&) const = default;
};

const Page kPage{"http://a/", {{"b", 1}, {"c", 2}}, 0.5};

TEST_CASE("values of all kinds come back as they went", "[codec]") {
  CHECK(round_trip(42) == 42);
  CHECK(round_trip(std::string("with \0 in it", 12)) == std::string("with \0 in it", 12));
  CHECK(round_trip(std::vector<int>{1, 2, 3}) == std::vector<int>{1, 2, 3});
  CHECK(round_trip(std::vector<int>()).empty());
  CHECK(round_trip(std::vector<bool>{true, false}) == std::vector<bool>{true, false});
  CHECK(round_trip(std::vector<std::string>{"a", "", "c"}) ==
        std::vector<std::string>{"a", "", "c"});
  CHECK(round_trip(Plain{1, 2.5, "ab"}).b == 2.5);
  CHECK(round_trip(kPage) == kPage);
  CHECK(round_trip(std::vector<Page>{kPage, {}}) == std::vector<Page>{kPage, {}});
  using Map = std::map<std::string, std::vector<Page>>;
  CHECK(round_trip(Map{{"x", {kPage}}}) == Map{{"x", {kPage}}});
  using Variant = std::variant<int, std::string>;
  CHECK(round_trip(Variant("text")) == Variant("text"));
  CHECK(round_trip(std::chrono::milliseconds(5)) == std::chrono::milliseconds(5));
  CHECK(*round_trip(std::make_shared<int>(7)) == 7);
  CHECK(round_trip(std::tuple(1, std::string("x"))) == std::tuple(1, std::string("x")));
}

// How much there is in the pages that these bytes stand for; 0 where they are refused.
std::size_t size_of_decoded(std::string_view bytes) {
  Decoder in(bytes);
  try {
    std::size_t size = 0;
    for (const Page& page : Codec<std::vector<Page>>::decode(in)) {
      size += page.url.size() + 1;
      for (const auto& link : page.links) size += link.first.size() + 1;
    }
    return size;
  } catch (const std::exception&) {
    return 0;
  }
}

TEST_CASE("bytes that were cut or changed never decode into a crash or much memory", "[codec]") {
  Encoder out;
  Codec<std::vector<Page>>::encode({kPage, kPage}, out);
  std::string whole = out.release();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Decoder in(std::string_view(whole).substr(0, size));
    CHECK_THROWS(Codec<std::vector<Page>>::decode(in));
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bad = whole;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    CHECK(size_of_decoded(bad) <= 2 * whole.size());
  }
}

TEST_CASE("a truth value that is neither true nor false is refused", "[codec]") {
  std::string bytes(1, '\x3f');
  Decoder in(bytes);
  CHECK_THROWS_AS(Codec<bool>::decode(in), SerializationError);
  CHECK(round_trip(true));
}

TEST_CASE("a length beyond what is there is refused before memory is taken", "[codec]") {
  Encoder out;
  out.length(std::size_t{1} << 40);
  std::string bytes = out.release();
  Decoder text(bytes);
  CHECK_THROWS_AS(Codec<std::string>::decode(text), SerializationError);
  Decoder numbers(bytes);
  CHECK_THROWS_AS(Codec<std::vector<long>>::decode(numbers), SerializationError);
}

}  // namespace

struct Celsius {
  explicit Celsius(double degrees_now) : degrees(degrees_now) {}
  virtual ~Celsius() = default;
  Celsius(const Celsius&) = default;
  Celsius& operator=(const Celsius&) = default;
  double degrees;
};

template <>
struct Codec<Celsius> {
  static void encode(const Celsius& value, Encoder& out) { out.raw(value.degrees); }
  static Celsius decode(Decoder& in) { return Celsius(in.raw<double>()); }
};

TEST_CASE("a type can have a codec of its own", "[codec]") {
  CHECK(round_trip(Celsius(20)).degrees == 20);
  CHECK(round_trip(std::vector<Celsius>{Celsius(1), Celsius(2)})[1].degrees == 2);
}

}  // namespace fetchpool
