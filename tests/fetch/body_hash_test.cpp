#include "fetch/body_hash.h"

#include "support/catch.h"

namespace fetchpool::engine {
namespace {

std::string hash_of(BodyHash kind, std::string_view body) {
  BodyHasher hasher(kind);
  hasher.feed(body);
  return hasher.hex();
}

// The examples of FIPS 180-4, and what xxhsum -H3 prints.
TEST_CASE("hashes are those that others make", "[body_hash]") {
  CHECK(hash_of(BodyHash::sha256, "") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_of(BodyHash::sha256, "abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash_of(BodyHash::xxh3, "") == "2d06800538d394c2");
  CHECK(hash_of(BodyHash::xxh3, "abc") == "78af5f94892f3950");
  CHECK(hash_of(BodyHash::none, "abc").empty());
}

TEST_CASE("bodies are hashed one after the other, however they are cut", "[body_hash]") {
  for (BodyHash kind : {BodyHash::sha256, BodyHash::xxh3}) {
    BodyHasher pieces(kind);
    for (int body = 0; body < 3; ++body) {
      pieces.feed("what is dropped");
      pieces.begin();
      std::string whole;
      for (int i = 0; i < 1000; ++i) {
        std::string piece(static_cast<std::size_t>(i), static_cast<char>(i + body));
        pieces.feed(piece);
        whole += piece;
      }
      CHECK(pieces.hex() == hash_of(kind, whole));
      pieces.begin();
    }
  }
}

}  // namespace
}  // namespace fetchpool::engine
