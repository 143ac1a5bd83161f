// Options of libcurl's easy handles.
#pragma once

#include <curl/curl.h>

#include "fetchpool/error.h"

namespace fetchpool::engine {

// Throws Error where memory is short. What else libcurl refuses, as an option that it does not
// have, keeps its former value.
template <typename T>
void set_option(CURL* easy, CURLoption option, T value) {
  if (curl_easy_setopt(easy, option, value) == CURLE_OUT_OF_MEMORY)
    throw Error("no memory for a transfer");
}

}  // namespace fetchpool::engine
