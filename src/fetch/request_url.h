// What an easy handle is to request.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "fetch/curl_handles.h"

namespace fetchpool::engine {

// Tells one easy handle the URL of each of its transfers. Must outlive the handle's last one.
class RequestUrl {
 public:
  // To be called before each transfer, with a URL as engine::Url writes it. `through_proxy`: the
  // request may go to a proxy, which is to be told the whole of it.
  void use(CURL* easy, const std::string& url, bool through_proxy);

 private:
  bool use_origin(CURL* easy, std::string_view origin);

  std::string origin_;  // as libcurl has it in parts now; empty where it has a whole URL
  CurlUrl parts_;
};

}  // namespace fetchpool::engine
