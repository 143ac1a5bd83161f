// Owners of libcurl's objects.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <vector>

namespace fetchpool::engine {

struct CurlEasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CurlMultiCloser {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct CurlListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CurlUrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyCloser>;
using CurlMulti = std::unique_ptr<CURLM, CurlMultiCloser>;
using CurlList = std::unique_ptr<curl_slist, CurlListCloser>;
using CurlUrl = std::unique_ptr<CURLU, CurlUrlCloser>;

// Null where there are no lines. Throws Error where there is no memory.
CurlList make_curl_list(const std::vector<std::string>& lines);

}  // namespace fetchpool::engine
