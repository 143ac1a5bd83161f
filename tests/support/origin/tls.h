// TLS on a non-blocking socket of the origin.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

namespace fetchpool::test {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* settings) const { SSL_CTX_free(settings); }
};
using TlsSettings = std::unique_ptr<SSL_CTX, SslFree>;
using TlsSession = std::unique_ptr<SSL, SslFree>;

// Offers HTTP/1.1 only. Exits the program with a message where the files cannot be used.
TlsSettings make_tls_settings(const std::string& certificate, const std::string& key);
TlsSession accept_tls(const TlsSettings& settings, int fd);

// As read(2) and write(2): -1 with errno EAGAIN where the bytes cannot move now.
long read_tls(const TlsSession& session, char* data, std::size_t size);
long write_tls(const TlsSession& session, const char* data, std::size_t size);

}  // namespace fetchpool::test
