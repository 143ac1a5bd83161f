#include "fetch/curl_handles.h"

#include "fetchpool/error.h"

namespace fetchpool::engine {

CurlList make_curl_list(const std::vector<std::string>& lines) {
  CurlList list;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw Error("no memory for what libcurl is told");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

}  // namespace fetchpool::engine
