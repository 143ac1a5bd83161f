// Bodies as the inside of a JSON string, where the workers did not make them so.
#pragma once

#include "fetchpool/fetch.h"

namespace fetchpool::output {

// Turns a raw body into text where its bytes are valid UTF-8, else into base64, and says so in
// `body_encoding`; other bodies stay as they are. Holds the whole body in memory once more.
void encode_raw_body(FetchResult& result);

}  // namespace fetchpool::output
