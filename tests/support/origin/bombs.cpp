// Little on the wire, a lot of memory for those who do not look.
#include <map>
#include <utility>

#include "support/origin/behaviours.h"
#include "support/origin/codecs.h"

namespace fetchpool::test {
namespace {

Reply packed(const Request& request, const std::string& coding, std::string body) {
  return respond(request, "200 OK", {"Content-Encoding: " + coding}, std::move(body));
}

// Made once; a gigabyte takes its time.
std::string zeros(std::string (*make)(long), long megabytes) {
  static std::map<std::pair<std::string (*)(long), long>, std::string> made;
  std::string& body = made[{make, megabytes}];
  if (body.empty()) body = make(megabytes);
  return body;
}

Reply gzip_bomb(const Request& request, Ledger&) {
  return packed(request, "gzip", zeros(gzip_zeros, request.number("mb", 1024)));
}

Reply gzip_transfer_bomb(const Request& request, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Transfer-Encoding: gzip", "Connection: close"}) +
            zeros(gzip_zeros, request.number("mb", 1024)))
      .close();
}

Reply br_bomb(const Request& request, Ledger&) {
  return packed(request, "br", zeros(brotli_zeros, request.number("mb", 1024)));
}

Reply zstd_bomb(const Request& request, Ledger&) {
  return packed(
      request, "zstd",
      zstd_zeros(request.number("mb", 1024), static_cast<int>(request.number("log", 20))));
}

Reply zstd_window(const Request& request, Ledger&) {
  int log = static_cast<int>(request.number("log", 27));
  return packed(request, "zstd", zstd_with_window(body_for(request), log));
}

}  // namespace

Behaviours bombs() {
  return {
      {"/gzip-bomb", gzip_bomb, "mb=: so many MiB of zeros"},
      {"/gzip-transfer-bomb", gzip_transfer_bomb, "mb=: as a transfer coding"},
      {"/br-bomb", br_bomb, "mb="},
      {"/zstd-bomb", zstd_bomb, "mb= log=: with a window of 2^log"},
      {"/zstd-window", zstd_window, "log= size=: a small body that asks for a large window"},
  };
}

}  // namespace fetchpool::test
