#include "fetch/connection_settings.h"

#include <string>

#include "fetch/easy_option.h"

namespace fetchpool::engine {
namespace {

long http_version(const FetchOptions& options) {
  bool wants_http2 = options.http_version == HttpVersion::http2 ||
                     (options.http_version == HttpVersion::automatic && sees_end_of_stream() &&
                      !options.warc);  // an archive keeps messages as HTTP/1.1 has them
  return wants_http2 ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1};
}

long ip_version(const FetchOptions& options) {
  switch (options.ip_version) {
    case IpVersion::v4:
      return CURL_IPRESOLVE_V4;
    case IpVersion::v6:
      return CURL_IPRESOLVE_V6;
    case IpVersion::any:
      break;
  }
  return CURL_IPRESOLVE_WHATEVER;
}

}  // namespace

ConnectionSettings::ConnectionSettings(const FetchOptions& options)
    : options_(options),
      resolve_(make_curl_list(options.resolve)),
      connect_to_(make_curl_list(options.connect_to)) {}

void ConnectionSettings::apply(CURL* easy) const {
  set_option(easy, CURLOPT_HTTP_VERSION, http_version(options_));
  set_option(easy, CURLOPT_IPRESOLVE, ip_version(options_));
  if (resolve_) set_option(easy, CURLOPT_RESOLVE, resolve_.get());
  if (connect_to_) set_option(easy, CURLOPT_CONNECT_TO, connect_to_.get());
  if (!options_.interface.empty()) set_option(easy, CURLOPT_INTERFACE, options_.interface.c_str());
  apply_proxy(easy);
  apply_tls(easy);
}

bool ConnectionSettings::takes(std::string_view address) const {
  if (options_.ip_version == IpVersion::any) return true;
  bool is_v6 = address.find(':') != std::string_view::npos;
  return is_v6 == (options_.ip_version == IpVersion::v6);
}

void ConnectionSettings::apply_proxy(CURL* easy) const {
  // What a proxy says about a tunnel is no answer of the server.
  set_option(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options_.proxy_user.empty())
    set_option(easy, CURLOPT_PROXYUSERPWD, options_.proxy_user.c_str());
  if (options_.proxy_environment) return;
  // Empty texts, because without one libcurl looks at the environment.
  set_option(easy, CURLOPT_PROXY, options_.proxy.c_str());
  set_option(easy, CURLOPT_NOPROXY, options_.no_proxy.c_str());
}

void ConnectionSettings::apply_tls(CURL* easy) const {
  if (!options_.ca_file.empty()) {
    set_option(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    set_option(easy, CURLOPT_PROXY_CAINFO, options_.ca_file.c_str());
  }
  // With a directory of certificates beside the file libcurl reads the file for every connection:
  // 26 ms each, instead of once.
  set_option(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  use_certificate(easy, false);
  if (!options_.insecure) return;
  set_option(easy, CURLOPT_SSL_VERIFYPEER, 0L);
  set_option(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

void ConnectionSettings::use_certificate(CURL* easy, bool without_secrets) const {
  if (options_.certificate_file.empty()) return;
  auto text = [&](const std::string& value) {
    return without_secrets || value.empty() ? nullptr : value.c_str();
  };
  set_option(easy, CURLOPT_SSLCERT, text(options_.certificate_file));
  set_option(easy, CURLOPT_SSLKEY, text(options_.key_file));
  set_option(easy, CURLOPT_KEYPASSWD, text(options_.key_password));
}

bool may_speak_http2(const FetchOptions& options) {
  bool by_default = LIBCURL_VERSION_NUM >= 0x080000;
  return options.http_version == HttpVersion::http2 ||
         (options.http_version == HttpVersion::automatic && by_default && !options.warc);
}

bool sees_end_of_stream() {
  static const bool sees = curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;
  return sees;
}

}  // namespace fetchpool::engine
