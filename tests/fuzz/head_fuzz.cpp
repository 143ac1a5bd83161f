// Bytes as the lines of a response head: limits hold and what is read lies within what was fed.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fetch/response_head.h"
#include "fetch/retry.h"

namespace {

using namespace fetchpool::engine;

void require(bool claim) {
  if (!claim) std::abort();
}

ResponseHead::Verdict feed(ResponseHead& head, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const ResponseHead::Verdict verdict = head.line(text.substr(0, end));
    if (verdict != ResponseHead::Verdict::ok) return verdict;
    text.remove_prefix(end);
  }
  return ResponseHead::Verdict::ok;
}

void check(const ResponseHead& head, ResponseHead::Verdict verdict, std::size_t size) {
  require(head.size() <= size);
  require(head.raw().size() <= head.size());
  require(head.reason().empty() == (verdict == ResponseHead::Verdict::ok));
  require(!head.complete() || (head.status() >= 200 && !head.version().empty()));
  std::size_t bytes = 0;
  for (const auto& [name, value] : head.headers()) {
    require(!name.empty());
    bytes += name.size() + value.size();
  }
  require(bytes <= head.raw().size());
  head.content_encoding();
  head.locations();
  if (head.retry_after()) {
    parse_retry_after(*head.retry_after(), std::chrono::system_clock::time_point{});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static ResponseHead head({4096, 50});
  head.reset();
  const ResponseHead::Verdict bare = feed(head, text);
  check(head, bare, size);

  constexpr std::string_view kStart = "HTTP/1.1 200 OK\r\n";
  head.reset();
  require(head.line(kStart) == ResponseHead::Verdict::ok);
  const ResponseHead::Verdict started = feed(head, text);
  check(head, started, kStart.size() + size);

  parse_retry_after(text, std::chrono::system_clock::time_point{});
  return 0;
}
