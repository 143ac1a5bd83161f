// How connections are made: protocol, addresses, proxy, TLS.
#pragma once

#include <curl/curl.h>

#include <string_view>

#include "fetch/curl_handles.h"
#include "fetchpool/fetch_options.h"

namespace fetchpool::engine {

class ConnectionSettings {
 public:
  // `options` must outlive this object.
  explicit ConnectionSettings(const FetchOptions& options);

  // Sets what all transfers have in common. This object must outlive the handle.
  void apply(CURL* easy) const;
  bool may_use_proxy() const { return !options_.proxy.empty() || options_.proxy_environment; }
  // Whether these settings say what to connect to in place of a URL's host, or who is to know.
  bool names_its_hosts() const {
    return may_use_proxy() || !options_.resolve.empty() || !options_.connect_to.empty();
  }
  // Whether connections may be made to that address.
  bool takes(std::string_view address) const;
  // The certificate that tells who we are, or none for an origin that is not to know.
  void use_certificate(CURL* easy, bool without_secrets) const;

 private:
  void apply_proxy(CURL* easy) const;
  void apply_tls(CURL* easy) const;

  const FetchOptions& options_;
  CurlList resolve_;
  CurlList connect_to_;
};

// Whether hosts may be spoken to in HTTP/2, as far as can be told without libcurl.
bool may_speak_http2(const FetchOptions& options);

// Whether the libcurl in use, here and now, notices an HTTP/2 answer that was cut.
bool sees_end_of_stream();

}  // namespace fetchpool::engine
