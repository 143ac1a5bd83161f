// Lengths and chunks, right and wrong.
#include <cstdio>

#include <algorithm>

#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

std::string chunk(std::string_view data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + std::string(data) + "\r\n";
}

// The body in pieces of `piece` bytes, without the last chunk.
std::string chunks(const std::string& body, std::size_t piece) {
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += piece)
    text += chunk(std::string_view(body).substr(at, piece));
  return text;
}

std::string chunked_head() {
  return head("200 OK", {"Transfer-Encoding: chunked"});
}

std::string chunked_text(const Request& request) {
  auto piece = static_cast<std::size_t>(std::max(1L, request.number("piece", 500)));
  return chunked_head() + chunks(body_for(request), piece);
}

Reply chunked(const Request& request, Ledger&) {
  return Reply().send(chunked_text(request) + "0\r\n\r\n");
}

Reply chunked_trailer(const Request& request, Ledger&) {
  return Reply().send(chunked_text(request) + "0\r\nX-Checksum: 12345\r\n\r\n");
}

Reply chunked_extension(const Request&, Ledger&) {
  return Reply().send(chunked_head() + "5;name=\"value\"\r\nhello\r\n0\r\n\r\n");
}

Reply chunked_cut(const Request& request, Ledger&) {
  std::string text = chunked_text(request);
  return Reply().send(text.substr(0, text.size() - 10)).close();
}

Reply chunked_no_end(const Request& request, Ledger&) {
  return Reply().send(chunked_text(request)).close();
}

Reply chunked_bad_hex(const Request& request, Ledger&) {
  return Reply()
      .send(chunked_head() + request.parameter("size-line", "xyz") + "\r\nhello\r\n0\r\n\r\n")
      .close();
}

Reply bad_length(const Request& request, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Content-Length: " + request.parameter("value", "-5")}) +
            body_for(request, 2))
      .close();
}

Reply two_lengths(const Request& request, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Content-Length: " + request.parameter("first", "5"),
                            "Content-Length: " + request.parameter("second", "7")}) +
            "hello")
      .close();
}

Reply length_and_chunked(const Request& request, Ledger&) {
  return Reply().send(head("200 OK", {"Content-Length: 3", "Transfer-Encoding: chunked"}) +
                      chunk(body_for(request)) + "0\r\n\r\n");
}

Reply transfer_encoding(const Request& request, Ledger&) {
  return Reply()
      .send(head("200 OK", {"Transfer-Encoding: " + request.parameter("value", "foo")}) +
            body_for(request))
      .close();
}

}  // namespace

Behaviours framings() {
  return {
      {"/chunked", chunked, "size= piece="},
      {"/chunked-trailer", chunked_trailer, "size= piece=: with a trailer"},
      {"/chunked-extension", chunked_extension, "with a chunk extension; the body is hello"},
      {"/chunked-cut", chunked_cut, "size= piece=: cut within a chunk"},
      {"/chunked-no-end", chunked_no_end, "size= piece=: without the last chunk"},
      {"/chunked-bad-hex", chunked_bad_hex, "size-line=: an impossible chunk size"},
      {"/bad-length", bad_length, "value= size=: any Content-Length"},
      {"/two-lengths", two_lengths, "first= second=: the body is hello"},
      {"/length-and-chunked", length_and_chunked, "size=: a wrong length beside chunks"},
      {"/transfer-encoding", transfer_encoding, "value= size=: any Transfer-Encoding"},
  };
}

}  // namespace fetchpool::test
