// The heads of HTTP messages as an archive keeps them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fetchpool::archive {

// The head of a request as it was sent, in HTTP/1.1's form whatever its protocol. Of every header
// that may be a secret (all but a list of harmless ones) only the name is kept.
std::string archived_request(std::string_view sent);

struct ArchivedBody {
  std::uint64_t size = 0;
  bool decoded = false;  // its content coding was undone
  bool expected = true;  // not for HEAD, 204, 304
};

// The head of a response, for a body that is kept without chunks and decoded: what no longer holds
// of it (Transfer-Encoding, Content-Encoding, a wrong Content-Length) gets "X-Crawler-" before its
// name, and a true Content-Length is added, as Common Crawl does it. Lines end with CR and
// LF, because some readers find no blank line otherwise, and the status line has HTTP/1.1's form;
// everything else stays byte by byte. `head` ends with its blank line.
std::string archived_response(std::string_view head, const ArchivedBody& body);

}  // namespace fetchpool::archive
