// Certificates for tests: a certificate authority of their own, and certificates good and bad.
#pragma once

#include <memory>
#include <string>

#include "support/temp_dir.h"

namespace fetchpool::test {

// Paths of PEM files; the certificate file holds the whole chain.
struct Certificate {
  std::string certificate;
  std::string key;
};

// Makes a fresh authority; its files go with it.
class TestCa {
 public:
  TestCa();
  ~TestCa();

  // For --cacert.
  const std::string& file() const { return file_; }

  // For localhost, *.localhost, 127.0.0.1, 127.0.0.2, 127.0.0.3 and ::1.
  Certificate valid();
  Certificate expired();
  Certificate not_yet_valid();
  // For example.invalid only.
  Certificate wrong_host();
  // Right in everything but that it signed itself.
  Certificate self_signed();

 private:
  struct Signer;

  TempDir dir_;
  std::unique_ptr<Signer> signer_;
  std::string file_;
};

}  // namespace fetchpool::test
