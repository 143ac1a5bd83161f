// Digests as archives write them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;
struct evp_md_st;

namespace fetchpool::archive {

// SHA-1 of bytes that come in pieces (FIPS 180-4). It finds changes that nobody meant; it proves
// nothing against those who mean them. One object makes digest after digest.
class Sha1 {
 public:
  // Throws Error where OpenSSL refuses to.
  Sha1();
  ~Sha1();
  Sha1(const Sha1&) = delete;
  Sha1& operator=(const Sha1&) = delete;

  void feed(std::string_view bytes);
  // "sha1:" and the digest in Base32 (RFC 4648 section 6) of all bytes since the last call.
  std::string finish();

 private:
  void begin();

  struct ContextCloser {
    void operator()(evp_md_ctx_st* context) const;
  };
  struct AlgorithmCloser {
    void operator()(evp_md_st* algorithm) const;
  };
  std::unique_ptr<evp_md_st, AlgorithmCloser> algorithm_;
  std::unique_ptr<evp_md_ctx_st, ContextCloser> context_;
};

}  // namespace fetchpool::archive
