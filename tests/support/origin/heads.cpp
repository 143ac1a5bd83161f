// Status lines and headers that are odd or wrong.
#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

Reply status_line(const Request& request, Ledger&) {
  return Reply().send(request.parameter("line", "HTTP/1.1 200 OK") +
                      "\r\nContent-Length: 2\r\n\r\nok");
}

Reply header(const Request& request, Ledger&) {
  return respond(request, status_text(request.number("code", 200)),
                 {request.parameter("line", "X-Name: value")}, body_for(request, 2));
}

Reply http09(const Request&, Ledger&) {
  return Reply().send("hello, old world\n").close();
}

Reply garbage(const Request&, Ledger&) {
  std::string bytes;
  for (unsigned i = 0; i < 300; ++i) bytes += static_cast<char>(i * 197 + 128);
  return Reply().send(bytes).close();
}

Reply lf_only(const Request& request, Ledger&) {
  std::string body = body_for(request);
  return Reply().send("HTTP/1.1 200\nContent-Length: " + std::to_string(body.size()) + "\n\n" +
                      body);
}

Reply folded_header(const Request& request, Ledger&) {
  return respond(request, "200 OK", {"X-Folded: one", "  two", "\tthree"}, body_for(request));
}

Reply no_colon(const Request& request, Ledger&) {
  return respond(request, "200 OK", {"this line has no colon"}, body_for(request));
}

Reply switch_101(const Request&, Ledger&) {
  return Reply().send(
      head("101 Switching Protocols", {"Upgrade: websocket", "Connection: Upgrade"}));
}

}  // namespace

Behaviours heads() {
  return {
      {"/status-line", status_line, "line=: any bytes; the body is ok"},
      {"/header", header, "line= code= size=: any bytes as a header line"},
      {"/http09", http09, "a body without a head"},
      {"/garbage", garbage, "bytes that mean nothing"},
      {"/lf-only", lf_only, "size=: lines end with LF, no reason phrase"},
      {"/folded-header", folded_header, "size=: one value on three lines"},
      {"/no-colon", no_colon, "size=: a header line without a colon"},
      {"/switch-101", switch_101, "101 though nobody asked"},
  };
}

}  // namespace fetchpool::test
