#include "support/test_ca.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace fetchpool::test {
namespace {

struct OpenSslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Key = std::unique_ptr<EVP_PKEY, OpenSslFree>;
using Cert = std::unique_ptr<X509, OpenSslFree>;
using Bio = std::unique_ptr<BIO, OpenSslFree>;
using Extension = std::unique_ptr<X509_EXTENSION, OpenSslFree>;

constexpr long day = 24L * 60 * 60;
constexpr const char* local_names =
    "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,IP:::1";

struct Wishes {
  std::string name;
  std::string alternative_names;
  long from = -day;
  long until = 30 * day;
  bool authority = false;
};

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(const Key& key) {
  Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

std::string pem(const Cert& certificate) {
  Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return text_of(bio);
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  if (!key) throw std::runtime_error("cannot make a key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX origin;
  X509V3_set_ctx(&origin, issuer, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &origin, kind, value.c_str()));
  if (!extension) throw std::runtime_error("cannot make the extension " + value);
  X509_add_ext(certificate, extension.get(), -1);
}

// Signed by itself where there is no issuer.
Cert make_certificate(const Wishes& wishes, const Key& key, X509* issuer, EVP_PKEY* issuer_key) {
  static long serial = 1;
  Cert certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wishes.from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wishes.until);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wishes.name.c_str()), -1, -1,
                             0);
  X509* signer = issuer != nullptr ? issuer : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  add_extension(certificate.get(), signer, NID_basic_constraints,
                wishes.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate.get(), signer, NID_subject_key_identifier, "hash");
  if (wishes.authority)
    add_extension(certificate.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!wishes.alternative_names.empty())
    add_extension(certificate.get(), signer, NID_subject_alt_name, wishes.alternative_names);
  X509_sign(certificate.get(), issuer_key != nullptr ? issuer_key : key.get(), EVP_sha256());
  return certificate;
}

Certificate write(const TempDir& dir, const std::string& name, const Cert& certificate,
                  const Key& key) {
  return {dir.write(name + ".pem", pem(certificate)), dir.write(name + ".key", pem(key))};
}

}  // namespace

struct TestCa::Signer {
  Key key;
  Cert certificate;

  Certificate sign(const TempDir& dir, const std::string& file, const Wishes& wishes) const {
    Key new_key = make_key();
    Cert signed_one = make_certificate(wishes, new_key, certificate.get(), key.get());
    return write(dir, file, signed_one, new_key);
  }
};

TestCa::TestCa() : signer_(std::make_unique<Signer>()) {
  signer_->key = make_key();
  Wishes wishes;
  wishes.name = "fetchpool test authority";
  wishes.authority = true;
  signer_->certificate = make_certificate(wishes, signer_->key, nullptr, nullptr);
  file_ = dir_.write("ca.pem", pem(signer_->certificate));
}

TestCa::~TestCa() = default;

Certificate TestCa::valid() {
  return signer_->sign(dir_, "valid", {"localhost", local_names, -day, 30 * day, false});
}

Certificate TestCa::expired() {
  return signer_->sign(dir_, "expired", {"localhost", local_names, -30 * day, -day, false});
}

Certificate TestCa::not_yet_valid() {
  return signer_->sign(dir_, "future", {"localhost", local_names, 10 * day, 30 * day, false});
}

Certificate TestCa::wrong_host() {
  return signer_->sign(dir_, "wrong-host",
                       {"example.invalid", "DNS:example.invalid", -day, 30 * day, false});
}

Certificate TestCa::self_signed() {
  Key key = make_key();
  Wishes wishes{"localhost", local_names, -day, 30 * day, false};
  return write(dir_, "self-signed", make_certificate(wishes, key, nullptr, nullptr), key);
}

}  // namespace fetchpool::test
