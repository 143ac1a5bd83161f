// From a line of a list to the URL it means.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fetchpool::cli {

// Whether `line` names its scheme: "https://h/", "mailto:x", but neither "example.com/a" nor
// "localhost:8080/a", where a port follows the colon.
bool names_scheme(std::string_view line);

// Completes lines by --base or --default-scheme. A line that cannot be completed stays as it is,
// so that its record says what is wrong with it.
class LineResolver {
 public:
  // Both may be empty. Throws UsageError where `base` is not an absolute http or https URL.
  LineResolver(const std::string& base, std::string default_scheme);
  ~LineResolver();
  LineResolver(const LineResolver&) = delete;
  LineResolver& operator=(const LineResolver&) = delete;

  std::string resolve(std::string line) const;

 private:
  struct Base;
  std::unique_ptr<Base> base_;
  std::string default_scheme_;
};

}  // namespace fetchpool::cli
