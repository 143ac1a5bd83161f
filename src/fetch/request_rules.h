// What a request may look like.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fetchpool/fetch_options.h"
#include "fetchpool/fetch_request.h"

namespace fetchpool::engine {

// Body and headers of one request may be this large together; FetchOptions::data any size.
inline constexpr std::size_t kLargestRequest = std::size_t{16} << 20;

// A token of RFC 9110 section 5.6.2, as methods and names of headers are.
bool is_token(std::string_view text);

// Throws Error where what options say about requests and connections makes no sense. Its text
// repeats nothing that may be a secret.
void check_request_options(const FetchOptions& options);

// Why the request makes no sense; empty where it does. Nothing secret is in it either.
std::string problem_of(const FetchRequest& request, const FetchOptions& options);

// Whether a request of that method without a body says so, by a length of 0 (RFC 9110 section 8.6).
bool wants_content(std::string_view method);

// The methods they ask for.
std::string method_of(const FetchOptions& options);
std::string method_of(const FetchRequest& request, const FetchOptions& options);

}  // namespace fetchpool::engine
