// Connections that end too early, or where nobody would look for the end.
#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

// Time for the client to read what was sent before the reset.
constexpr long before_reset = 20;

std::string announced(const Request& request) {
  return head("200 OK", {"Content-Length: " + std::to_string(body_for(request).size())});
}

std::string half_body(const Request& request) {
  std::string body = body_for(request);
  return body.substr(0, body.size() / 2);
}

Reply close(const Request&, Ledger&) {
  return Reply().close();
}
Reply reset(const Request&, Ledger&) {
  return Reply().reset();
}

Reply reset_body(const Request& request, Ledger&) {
  return Reply().send(announced(request) + half_body(request)).wait(before_reset).reset();
}

Reply short_body(const Request& request, Ledger&) {
  return Reply().send(announced(request) + half_body(request)).close();
}

// The connection stays open, with the extra bytes where the next response would be.
Reply long_body(const Request& request, Ledger&) {
  return Reply().send(announced(request) + body_for(request) + "and 24 bytes beyond that");
}

Reply cut_headers(const Request&, Ledger&) {
  return Reply().send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Le").close();
}

Reply close_delimited(const Request& request, Ledger&) {
  return Reply().send(head("200 OK", {"Connection: close"}) + body_for(request)).close();
}

Reply connection_close(const Request& request, Ledger&) {
  Reply reply = respond(request, "200 OK", {"Connection: close"}, body_for(request));
  return std::move(reply).close();
}

// Says nothing of closing, but does.
Reply silent_close(const Request& request, Ledger&) {
  Reply reply = respond(request, "200 OK", {}, body_for(request));
  return std::move(reply).close();
}

Reply http10(const Request& request, Ledger&) {
  return Reply().send("HTTP/1.0 200 OK\r\n\r\n" + body_for(request)).close();
}

}  // namespace

Behaviours closings() {
  return {
      {"/close", close, "closes without an answer"},
      {"/reset", reset, "resets without an answer"},
      {"/reset-body", reset_body, "size=: resets after half of the body"},
      {"/short-body", short_body, "size=: closes after half of the body"},
      {"/long-body", long_body, "size=: sends more than announced"},
      {"/cut-headers", cut_headers, "closes in the middle of the headers"},
      {"/close-delimited", close_delimited, "size=: the body ends with the connection"},
      {"/connection-close", connection_close, "size=: announces the close"},
      {"/silent-close", silent_close, "size=: closes after a complete answer, unannounced"},
      {"/http10", http10, "size=: HTTP/1.0, the body ends with the connection"},
  };
}

}  // namespace fetchpool::test
