#include "support/origin/tls.h"

#include <openssl/err.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace fetchpool::test {
namespace {

constexpr unsigned char http11[] = "\x08http/1.1";

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* /*unused*/) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, size, http11, sizeof http11 - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

long as_system_call(const TlsSession& session, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(session.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
  return -1;
}

}  // namespace

TlsSettings make_tls_settings(const std::string& certificate, const std::string& key) {
  TlsSettings settings(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(settings.get(), certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(settings.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    std::fprintf(stderr, "cannot use %s with %s\n", certificate.c_str(), key.c_str());
    std::exit(2);
  }
  SSL_CTX_set_mode(settings.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(settings.get(), choose_protocol, nullptr);
  return settings;
}

TlsSession accept_tls(const TlsSettings& settings, int fd) {
  TlsSession session(SSL_new(settings.get()));
  SSL_set_fd(session.get(), fd);
  SSL_set_accept_state(session.get());
  return session;
}

long read_tls(const TlsSession& session, char* data, std::size_t size) {
  ERR_clear_error();
  return as_system_call(session, SSL_read(session.get(), data, static_cast<int>(size)));
}

long write_tls(const TlsSession& session, const char* data, std::size_t size) {
  ERR_clear_error();
  return as_system_call(session, SSL_write(session.get(), data, static_cast<int>(size)));
}

}  // namespace fetchpool::test
