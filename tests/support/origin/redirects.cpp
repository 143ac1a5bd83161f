// Redirects, good ones and bad ones.
#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

Reply redirect_to(const Request& request, const std::string& location,
                  std::string body = "moved\n") {
  return respond(request, status_text(request.number("code", 302)), {"Location: " + location},
                 std::move(body));
}

// /redirect/3?to=/ok has three redirects on the way to /ok.
Reply redirect(const Request& request, Ledger&) {
  long left = request.rest().empty() ? 1 : std::atol(std::string(request.rest()).c_str());
  if (left <= 1) return redirect_to(request, request.parameter("to", "/ok"));
  std::string query = request.target.substr(request.path().size());
  return redirect_to(request, "/redirect/" + std::to_string(left - 1) + query);
}

Reply redirect_loop(const Request& request, Ledger&) {
  bool there = request.rest() == "back";
  return redirect_to(request, there ? "/redirect-loop" : "/redirect-loop/back");
}

Reply location(const Request& request, Ledger&) {
  return redirect_to(request, request.parameter("to"));
}

Reply two_locations(const Request& request, Ledger&) {
  return respond(request, status_text(request.number("code", 302)),
                 {"Location: " + request.parameter("first", "/ok?size=1"),
                  "Location: " + request.parameter("second", "file:///etc/passwd")},
                 "");
}

Reply no_location(const Request& request, Ledger&) {
  return respond(request, status_text(request.number("code", 302)), {}, body_for(request, 10));
}

Reply long_location(const Request& request, Ledger&) {
  auto size = static_cast<std::size_t>(request.number("bytes", 90000));
  return redirect_to(request, "/ok?pad=" + repeated("x", size));
}

Reply redirect_body(const Request& request, Ledger&) {
  auto size = static_cast<std::size_t>(request.number("bytes", 300000));
  return redirect_to(request, request.parameter("to", "/ok"),
                     repeated("body of a redirect\n", size));
}

}  // namespace

Behaviours redirects() {
  return {
      {"/redirect", redirect, "/N to= code=: N redirects, then `to`"},
      {"/redirect-loop", redirect_loop, "code=: there and back for ever"},
      {"/location", location, "to= code=: any Location"},
      {"/two-locations", two_locations, "first= second= code="},
      {"/no-location", no_location, "code= size="},
      {"/long-location", long_location, "bytes= code="},
      {"/redirect-body", redirect_body, "bytes= to= code=: with a large body"},
  };
}

}  // namespace fetchpool::test
