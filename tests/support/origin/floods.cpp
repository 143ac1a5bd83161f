// More than anybody wants: headers, trailers and bodies without end.
#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

constexpr std::size_t block = 16384;

Reply endless_headers(const Request&, Ledger&) {
  return Reply().send("HTTP/1.1 200 OK\r\n").for_ever(repeated("X-Name: value\r\n", block));
}

Reply many_headers(const Request& request, Ledger&) {
  Lines lines;
  for (long i = 0; i < request.number("n", 10000); ++i)
    lines.push_back("X-Name-" + std::to_string(i) + ": value");
  return respond(request, "200 OK", lines, body_for(request, 2));
}

Reply long_header(const Request& request, Ledger&) {
  auto size = static_cast<std::size_t>(request.number("bytes", 100000));
  return respond(request, "200 OK", {"X-Long: " + repeated("v", size)}, body_for(request, 2));
}

Reply endless_1xx(const Request& request, Ledger&) {
  return Reply().for_ever(repeated(head(status_text(request.number("code", 100)), {}), block));
}

Reply many_1xx(const Request& request, Ledger&) {
  std::string text;
  for (long i = 0; i < request.number("n", 10); ++i) text += head("103 Early Hints", {"X: y"});
  Reply reply = respond(request, "200 OK", {}, body_for(request, 2));
  reply.steps[0].bytes.insert(0, text);
  return reply;
}

Reply endless_trailer(const Request&, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Transfer-Encoding: chunked"}) + "2\r\nok\r\n0\r\n")
      .for_ever(repeated("X-Trailer: value\r\n", block));
}

Reply endless_body(const Request& request, Ledger&) {
  Lines lines;
  if (std::string length = request.parameter("length"); !length.empty())
    lines.push_back("Content-Length: " + length);
  return Reply()
      .send(head("200 OK", lines))
      .for_ever(repeated("no end in sight\n", block), request.number("ms", 0));
}

Reply endless_chunks(const Request& request, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Transfer-Encoding: chunked"}))
      .for_ever("1000\r\n" + repeated("no end in sight\n", 4096) + "\r\n", request.number("ms", 0));
}

Reply endless_chunk_extension(const Request&, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Transfer-Encoding: chunked"}) + "2\r\nok\r\n2;")
      .for_ever(repeated("extension", block));
}

}  // namespace

Behaviours floods() {
  return {
      {"/endless-headers", endless_headers, "header lines without end"},
      {"/many-headers", many_headers, "n= size="},
      {"/long-header", long_header, "bytes= size=: one header of that size"},
      {"/endless-1xx", endless_1xx, "code=: interim responses without end"},
      {"/many-1xx", many_1xx, "n= size=: then 200"},
      {"/endless-trailer", endless_trailer, "chunks, then a trailer without end"},
      {"/endless-body", endless_body, "length= ms=: a body without end, perhaps with a length"},
      {"/endless-chunks", endless_chunks, "ms=: chunks without end"},
      {"/endless-chunk-extension", endless_chunk_extension, "the line of a chunk has no end"},
  };
}

}  // namespace fetchpool::test
