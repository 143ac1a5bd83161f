#include "fetch/request_url.h"

#include <utility>

#include "fetch/easy_option.h"
#include "fetch/url.h"

namespace fetchpool::engine {
namespace {

// Older versions lose the zone of an address on the way.
bool has_zone(std::string_view origin) {
  return origin.find('%') != std::string_view::npos;
}

}  // namespace

// Of a whole URL libcurl makes parts, of these a URL again, and of that parts, for each transfer: a
// fifth of all it does. An origin can be given to it in parts, and what follows that as it is to be
// sent.
void RequestUrl::use(CURL* easy, const std::string& url, bool through_proxy) {
  std::string_view origin = origin_of(url);
  if (!through_proxy && !has_zone(origin) && use_origin(easy, origin)) {
    set_option(easy, CURLOPT_REQUEST_TARGET, url.c_str() + origin.size());
    return;
  }
  origin_.clear();
  set_option(easy, CURLOPT_CURLU, static_cast<CURLU*>(nullptr));
  set_option(easy, CURLOPT_REQUEST_TARGET, static_cast<char*>(nullptr));
  set_option(easy, CURLOPT_URL, url.c_str());
}

// False where libcurl does not take it.
bool RequestUrl::use_origin(CURL* easy, std::string_view origin) {
  if (origin == origin_) return true;
  std::string url = std::string(origin) + "/";
  CurlUrl parts(curl_url());
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  // Given parts alone, libcurl keeps the text of the URL that it had before, and might make that
  // its next request where the connection breaks.
  set_option(easy, CURLOPT_URL, url.c_str());
  set_option(easy, CURLOPT_CURLU, parts.get());
  parts_ = std::move(parts);
  origin_ = origin;
  return true;
}

}  // namespace fetchpool::engine
