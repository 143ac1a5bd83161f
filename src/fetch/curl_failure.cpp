#include "fetch/curl_failure.h"

namespace fetchpool::engine {

Observed::Failure failure_of(CURLcode code, std::string_view text) {
  constexpr int kTooLarge = 100;  // CURLE_TOO_LARGE, since 8.6
  switch (static_cast<int>(code)) {
    case CURLE_OK:
      return Observed::Failure::none;
    case CURLE_GOT_NOTHING:
      return Observed::Failure::nothing_came;
    case CURLE_PARTIAL_FILE:
      return Observed::Failure::closed;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Observed::Failure::not_http;
    case CURLE_OUT_OF_MEMORY:
    case kTooLarge:
      return Observed::Failure::header_limit;
    case CURLE_HTTP2_STREAM:
      return Observed::Failure::stream_reset;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return Observed::Failure::proxy;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return Observed::Failure::tls;
    default:
      break;
  }
  // Damaged chunks share their code with broken connections.
  if (text.find("hunk") != std::string_view::npos) return Observed::Failure::framing;
  // So does a server of TLS 1.3 that refuses the client after the client's part of the handshake.
  if (text.find("SSL routines") != std::string_view::npos &&
      text.find(" alert ") != std::string_view::npos)
    return Observed::Failure::tls;
  return Observed::Failure::other;
}

std::string failure_text_of(CURLcode code, std::string_view text) {
  // That of the environment may be wrong, and is quoted with its password.
  if (text.starts_with("Unsupported proxy")) return "the URL of the proxy cannot be read";
  return text.empty() ? curl_easy_strerror(code) : std::string(text);
}

}  // namespace fetchpool::engine
