#include "fetch/sha1.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <span>

#include "fetchpool/error.h"

namespace fetchpool::archive {
namespace {

void require(bool done) {
  if (!done) throw Error("SHA-1 is not to be had from OpenSSL on this machine");
}

// Five bytes are eight letters, and twenty bytes leave no rest.
std::string base32(std::span<const unsigned char, 20> bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 5) {
    std::uint64_t group = 0;
    for (unsigned char byte : bytes.subspan(at, 5)) group = group << 8 | byte;
    for (int shift = 35; shift >= 0; shift -= 5) text += kLetters[group >> shift & 31];
  }
  return text;
}

}  // namespace

void Sha1::ContextCloser::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

void Sha1::AlgorithmCloser::operator()(evp_md_st* algorithm) const {
  EVP_MD_free(algorithm);
}

// Fetched once: OpenSSL 3 looks an algorithm up at every use of the old constants.
Sha1::Sha1() : algorithm_(EVP_MD_fetch(nullptr, "SHA1", nullptr)), context_(EVP_MD_CTX_new()) {
  require(algorithm_ && context_);
  begin();
}

Sha1::~Sha1() = default;

void Sha1::begin() {
  require(EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1);
}

void Sha1::feed(std::string_view bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha1::finish() {
  std::array<unsigned char, 20> digest;
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1 && size == digest.size());
  begin();
  return "sha1:" + base32(digest);
}

}  // namespace fetchpool::archive
