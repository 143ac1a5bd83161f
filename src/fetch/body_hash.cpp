#include "fetch/body_hash.h"

#include <openssl/evp.h>
#include <xxhash.h>

#include <array>
#include <new>
#include <span>

#include "fetchpool/error.h"

namespace fetchpool::engine {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeAlgorithm {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
};
struct FreeXxh3 {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

void require(bool done) {
  if (!done) throw Error("SHA-256 is not to be had from OpenSSL on this machine");
}

std::string in_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

struct BodyHasher::State {
  // Fetched once: OpenSSL 3 looks an algorithm up at every use of the old constants.
  std::unique_ptr<EVP_MD, FreeAlgorithm> algorithm;
  std::unique_ptr<EVP_MD_CTX, FreeContext> sha256;
  std::unique_ptr<XXH3_state_t, FreeXxh3> xxh3;
};

BodyHasher::BodyHasher(BodyHash kind) {
  if (kind == BodyHash::none) return;
  state_ = std::make_unique<State>();
  if (kind == BodyHash::sha256) {
    state_->algorithm.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    state_->sha256.reset(EVP_MD_CTX_new());
    require(state_->algorithm && state_->sha256);
  } else {
    state_->xxh3.reset(XXH3_createState());
    if (!state_->xxh3) throw std::bad_alloc();
  }
  begin();
}

BodyHasher::~BodyHasher() = default;

void BodyHasher::begin() {
  if (!state_) return;
  if (state_->sha256)
    require(EVP_DigestInit_ex2(state_->sha256.get(), state_->algorithm.get(), nullptr) == 1);
  else
    XXH3_64bits_reset(state_->xxh3.get());
}

void BodyHasher::feed(std::string_view bytes) {
  if (!state_) return;
  if (state_->sha256)
    require(EVP_DigestUpdate(state_->sha256.get(), bytes.data(), bytes.size()) == 1);
  else
    XXH3_64bits_update(state_->xxh3.get(), bytes.data(), bytes.size());
}

std::string BodyHasher::hex() {
  if (!state_) return {};
  if (state_->xxh3) {
    XXH64_canonical_t canonical;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits_digest(state_->xxh3.get()));
    return in_hex(canonical.digest);
  }
  std::array<unsigned char, 32> digest;
  unsigned size = 0;
  require(EVP_DigestFinal_ex(state_->sha256.get(), digest.data(), &size) == 1 &&
          size == digest.size());
  return in_hex(digest);
}

}  // namespace fetchpool::engine
