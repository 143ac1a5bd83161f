// Content codings, right and wrong.
#include <algorithm>

#include "support/origin/behaviours.h"
#include "support/origin/codecs.h"

namespace fetchpool::test {
namespace {

Reply encoded(const Request& request, const std::string& coding, std::string body) {
  return respond(request, "200 OK",
                 {"Content-Type: text/html; charset=utf-8", "Content-Encoding: " + coding,
                  "Vary: Accept-Encoding"},
                 std::move(body));
}

Reply gzip_ok(const Request& request, Ledger&) {
  return encoded(request, "gzip", gzip(body_for(request)));
}

// Without a length: only the stream itself can tell that its end is missing.
Reply gzip_cut(const Request& request, Ledger&) {
  std::string body = gzip(body_for(request));
  auto cut = static_cast<std::size_t>(request.number("cut", 8));
  return Reply()
      .send(head("200 OK", {"Content-Encoding: gzip", "Connection: close"}) +
            body.substr(0, body.size() - std::min(cut, body.size())))
      .close();
}

Reply gzip_corrupt(const Request& request, Ledger&) {
  std::string body = gzip(body_for(request));
  for (std::size_t i = body.size() / 2; i < body.size() / 2 + 8; ++i)
    body[i] = static_cast<char>(~body[i]);
  return encoded(request, "gzip", body);
}

Reply gzip_bad_checksum(const Request& request, Ledger&) {
  std::string body = gzip(body_for(request));
  body[body.size() - 6] = static_cast<char>(~body[body.size() - 6]);
  return encoded(request, "gzip", body);
}

Reply gzip_plain(const Request& request, Ledger&) {
  return encoded(request, "gzip", body_for(request));
}

Reply gzip_empty(const Request& request, Ledger&) {
  return encoded(request, "gzip", "");
}

Reply gzip_two_members(const Request& request, Ledger&) {
  std::string body = body_for(request);
  std::size_t half = body.size() / 2;
  return encoded(request, "gzip", gzip(body.substr(0, half)) + gzip(body.substr(half)));
}

Reply gzip_junk(const Request& request, Ledger&) {
  return encoded(request, "gzip", gzip(body_for(request)) + "junk beyond the end");
}

// As many times gzip as asked for, announced in one header or in several.
Reply gzip_stacked(const Request& request, Ledger&) {
  std::string body = body_for(request);
  Lines lines;
  std::string all;
  for (long i = 0; i < request.number("times", 2); ++i) {
    body = gzip(body);
    lines.emplace_back("Content-Encoding: gzip");
    all += all.empty() ? "gzip" : ", gzip";
  }
  if (request.number("split", 0) == 0) lines = {"Content-Encoding: " + all};
  return respond(request, "200 OK", lines, body);
}

Reply gzip_transfer(const Request& request, Ledger&) {
  std::string body = gzip(body_for(request));
  return Reply()
      .send(head("200 OK", {"Transfer-Encoding: gzip", "Connection: close"}) + body)
      .close();
}

Reply deflate_raw(const Request& request, Ledger&) {
  return encoded(request, "deflate", raw_deflate(body_for(request)));
}

Reply deflate_zlib(const Request& request, Ledger&) {
  return encoded(request, "deflate", zlib(body_for(request)));
}

Reply br(const Request& request, Ledger&) {
  return encoded(request, "br", brotli(body_for(request)));
}

Reply zstd_ok(const Request& request, Ledger&) {
  return encoded(request, "zstd", zstd(body_for(request)));
}

Reply encoding(const Request& request, Ledger&) {
  return encoded(request, request.parameter("value", "unheard-of"), body_for(request));
}

// The coding that the request accepts first, as a polite server does it.
Reply negotiated(const Request& request, Ledger&) {
  std::string_view accepted = request.header("accept-encoding");
  std::string body = body_for(request);
  if (accepted.find("br") != accepted.npos) return encoded(request, "br", brotli(body));
  if (accepted.find("gzip") != accepted.npos) return encoded(request, "gzip", gzip(body));
  return respond(request, "200 OK", {"Vary: Accept-Encoding"}, body);
}

}  // namespace

Behaviours encodings() {
  return {
      {"/gzip", gzip_ok, "size="},
      {"/gzip-cut", gzip_cut, "size= cut=: the last bytes are missing, no length given"},
      {"/gzip-corrupt", gzip_corrupt, "size=: wrong in the middle"},
      {"/gzip-bad-checksum", gzip_bad_checksum, "size="},
      {"/gzip-plain", gzip_plain, "size=: announced, not encoded"},
      {"/gzip-empty", gzip_empty, "announced, no byte sent"},
      {"/gzip-two-members", gzip_two_members, "size="},
      {"/gzip-junk", gzip_junk, "size=: bytes beyond the end"},
      {"/gzip-stacked", gzip_stacked, "size= times= split=1: encoded several times"},
      {"/gzip-transfer", gzip_transfer, "size=: as a transfer coding"},
      {"/deflate-raw", deflate_raw, "size="},
      {"/deflate-zlib", deflate_zlib, "size="},
      {"/br", br, "size="},
      {"/zstd", zstd_ok, "size="},
      {"/encoding", encoding, "value= size=: any Content-Encoding, plain bytes"},
      {"/negotiated", negotiated, "size=: br, gzip or plain, by Accept-Encoding"},
  };
}

}  // namespace fetchpool::test
