// Failures that go away: the first requests fail, the later ones do not.
#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

// Whether this is still one of the first `most` requests with the same key.
bool still_fails(const Request& request, Ledger& ledger, std::string_view parameter,
                 long fallback) {
  long most = request.number(parameter, fallback);
  return ledger.times(request.parameter("key", request.target)) < most;
}

Reply retry_after(const Request& request, Ledger& ledger) {
  if (!still_fails(request, ledger, "times", 1))
    return respond(request, "200 OK", {}, body_for(request));
  return respond(request, status_text(request.number("code", 503)),
                 {"Retry-After: " + request.parameter("value", "1")}, "later\n");
}

Reply flaky(const Request& request, Ledger& ledger) {
  if (!still_fails(request, ledger, "fail", 1))
    return respond(request, "200 OK", {}, body_for(request));
  std::string how = request.parameter("how", "503");
  if (how == "close") return Reply().close();
  if (how == "reset") return Reply().reset();
  if (how == "hang") return Reply().hang();
  if (how == "cut") return Reply().send(head("200 OK", {"Content-Length: 100"}) + "cut").close();
  return respond(request, status_text(std::atol(how.c_str())), {}, "not now\n");
}

}  // namespace

Behaviours failures() {
  return {
      {"/retry-after", retry_after, "value= code= times= key=: Retry-After so often, then 200"},
      {"/flaky", flaky,
       "key= fail= how=close|reset|hang|cut|NNN size=: fails so often, then 200; key: the target"},
  };
}

}  // namespace fetchpool::test
