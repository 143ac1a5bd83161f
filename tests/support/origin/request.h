// One request as it came, and the reading of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fetchpool::test {

struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;

  // The target without its query.
  std::string_view path() const;
  // The first segment of the path: "/slow" of "/slow/3?ms=5".
  std::string_view prefix() const;
  // What follows the prefix: "3" of "/slow/3?ms=5".
  std::string_view rest() const;
  // A parameter of the query, percent-decoded.
  std::string parameter(std::string_view name, std::string_view fallback = {}) const;
  long number(std::string_view name, long fallback) const;
  // The first header of that name (lower case), empty where there is none.
  std::string_view header(std::string_view name) const;
};

// Takes the first request off the front of `input` once it is there in full. `wants_continue` is
// set where the client waits for leave to send its body. A malformed request has an empty method.
std::optional<Request> take_request(std::string& input, bool& wants_continue);

// "%41+b" becomes "A+b"; a percent sign without two digits stays.
std::string percent_decoded(std::string_view text);

}  // namespace fetchpool::test
