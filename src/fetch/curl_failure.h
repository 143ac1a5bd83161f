// What libcurl says of a transfer that failed.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "fetch/hop_outcome.h"

namespace fetchpool::engine {

// For a host that has addresses, all of them of the other kind: IPv4 where IPv6 is asked for, say.
inline constexpr const char* kNoAddress = "the host has no address of the kind asked for";

// Reads libcurl's error coarsely. Codes mean different things in different versions, so this is
// asked only where phases and socket errors leave a question open (see hop_outcome). `text` is what
// CURLOPT_ERRORBUFFER holds; it may be empty.
Observed::Failure failure_of(CURLcode code, std::string_view text);
// For a person: `text`, or what the code means; never with a secret in it.
std::string failure_text_of(CURLcode code, std::string_view text);

}  // namespace fetchpool::engine
