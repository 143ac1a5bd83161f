// Right answers at the wrong time, or never.
#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

std::string full_text(const Request& request, long default_size = 1000) {
  return respond(request, "200 OK", {}, body_for(request, default_size)).steps[0].bytes;
}

Reply hang(const Request&, Ledger&) {
  return Reply().hang();
}

Reply hang_body(const Request& request, Ledger&) {
  std::string text = full_text(request);
  return Reply().send(text.substr(0, text.size() - body_for(request).size() / 2)).hang();
}

Reply slow(const Request& request, Ledger&) {
  return Reply().wait(request.number("ms", 300)).send(full_text(request));
}

Reply slow_body(const Request& request, Ledger&) {
  std::string text = full_text(request);
  std::size_t body = text.find("\r\n\r\n") + 4;
  return Reply().send(text.substr(0, body)).wait(request.number("ms", 300)).send(text.substr(body));
}

Reply drip_headers(const Request& request, Ledger&) {
  std::string text = full_text(request, 10);
  std::size_t body = text.find("\r\n\r\n") + 4;
  return Reply().drip(text.substr(0, body), request.number("ms", 300)).send(text.substr(body));
}

Reply drip_body(const Request& request, Ledger&) {
  std::string text = full_text(request, 10);
  std::size_t body = text.find("\r\n\r\n") + 4;
  return Reply().send(text.substr(0, body)).drip(text.substr(body), request.number("ms", 300));
}

}  // namespace

Behaviours timings() {
  return {
      {"/hang", hang, "never answers"},
      {"/hang-body", hang_body, "size=: stops in the middle of the body"},
      {"/slow", slow, "ms= size=: answers after that time"},
      {"/slow-body", slow_body, "ms= size=: the body comes after that time"},
      {"/drip-headers", drip_headers, "ms= size=: a byte of the headers at a time"},
      {"/drip-body", drip_body, "ms= size=: a byte of the body at a time"},
  };
}

}  // namespace fetchpool::test
