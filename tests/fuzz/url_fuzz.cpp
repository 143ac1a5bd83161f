// Bytes as a URL, as a reference and as a Location: whatever is accepted keeps the promises of Url.
#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "fetch/redirect.h"
#include "fetch/url.h"

namespace {

using namespace fetchpool::engine;

void require(bool claim) {
  if (!claim) std::abort();
}

bool libcurl_writes_it_alike(const std::string& text) {
  CURLU* url = curl_url();
  char* written = nullptr;
  const bool same = curl_url_set(url, CURLUPART_URL, text.c_str(), 0) == CURLUE_OK &&
                    curl_url_get(url, CURLUPART_URL, &written, 0) == CURLUE_OK && text == written;
  curl_free(written);
  curl_url_cleanup(url);
  return same;
}

void check(const std::variant<Url, UrlError>& parsed) {
  const Url* url = std::get_if<Url>(&parsed);
  if (!url) {
    require(!std::get<UrlError>(parsed).reason.empty());
    return;
  }
  require(url->text[url->origin().size()] == '/');
  require(!url->host().empty() && url->port >= 0 && url->port <= 65535);
  for (const char c : url->text) require(c > 32 && c < 127 && c != '#' && c != '\\');
  const std::variant<Url, UrlError> again = parse_url(url->text);
  const Url* same = std::get_if<Url>(&again);
  require(same && same->text == url->text && same->origin() == url->origin());
  require(libcurl_writes_it_alike(url->text));
}

const Url& base() {
  static const Url kBase = std::get<Url>(parse_url("https://base.example:444/a/b/c?d"));
  return kBase;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(parse_url(text));
  check(parse_url(text, {.allow_userinfo = true}));
  check(resolve(base(), text));
  check(resolve(base(), "//" + std::string(text)));
  without_secrets(text);
  const std::string_view locations[] = {text};
  decide_redirect({.response_code = 302,
                   .method = "GET",
                   .current = base(),
                   .locations = locations,
                   .chain = {},
                   .max_redirects = 20});
  return 0;
}
