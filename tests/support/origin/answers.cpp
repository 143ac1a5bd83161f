// Correct answers of all kinds, and the origin's own counts.
#include <algorithm>

#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

Lines html() {
  return {"Content-Type: text/html; charset=utf-8"};
}

Reply ok(const Request& request, Ledger&) {
  return respond(request, "200 OK",
                 {"Content-Type: " + request.parameter("type", "text/html; charset=utf-8")},
                 body_for(request));
}

Reply echo(const Request& request, Ledger&) {
  std::string json = "{\"method\":" + json_string(request.method) +
                     ",\"target\":" + json_string(request.target) + ",\"headers\":[";
  for (const auto& [name, value] : request.headers)
    json += (json.back() == '[' ? "[" : ",[") + json_string(name) + "," + json_string(value) + "]";
  json += "],\"body\":" + json_string(request.body) + "}\n";
  return respond(request, "200 OK", {"Content-Type: application/json"}, json);
}

Reply status(const Request& request, Ledger&) {
  long code = std::atol(std::string(request.rest()).c_str());
  Lines lines = html();
  if (code == 401) lines.emplace_back("WWW-Authenticate: Basic realm=\"test\"");
  if (code == 407) lines.emplace_back("Proxy-Authenticate: Basic realm=\"test\"");
  if (code == 204 || code == 304 || code / 100 == 1)
    return Reply().send(head(status_text(code), lines));
  return respond(request, status_text(code), lines, body_for(request, 100));
}

Reply early_hints(const Request& request, Ledger&) {
  Reply reply = respond(request, "200 OK", html(), body_for(request));
  reply.steps[0].bytes.insert(0, head("103 Early Hints", {"Link: </style.css>; rel=preload"}));
  return reply;
}

Reply no_content_body(const Request&, Ledger&) {
  return Reply().send(head("204 No Content", {"X-Name: value"}) + "bytes that may not be here");
}

Reply not_modified(const Request&, Ledger&) {
  return Reply().send(head("304 Not Modified", {"ETag: \"one\"", "Content-Length: 1000"}));
}

// 304 for those who know the ETag already.
Reply conditional(const Request& request, Ledger&) {
  std::string tag = "\"" + request.parameter("etag", "one") + "\"";
  if (request.header("if-none-match") == tag)
    return Reply().send(head("304 Not Modified", {"ETag: " + tag}));
  return respond(request, "200 OK", {"ETag: " + tag}, body_for(request));
}

Reply head_length(const Request& request, Ledger&) {
  long length = request.number("length", 123456);
  std::string text = head("200 OK", {"Content-Length: " + std::to_string(length)});
  if (request.method != "HEAD")
    text +=
        repeated("x", static_cast<std::size_t>(length)).substr(0, static_cast<std::size_t>(length));
  return Reply().send(text);
}

Reply partial(const Request& request, Ledger&) {
  std::string body = body_for(request);
  return respond(request, "206 Partial Content",
                 {"Content-Range: bytes 0-" + std::to_string(body.size() - 1) + "/1000000"}, body);
}

Reply cookies(const Request& request, Ledger&) {
  Lines lines;
  auto size = static_cast<std::size_t>(request.number("bytes", 4096));
  for (long i = 0; i < request.number("n", 60); ++i)
    lines.push_back("Set-Cookie: name" + std::to_string(i) + "=" + repeated("v", size));
  return respond(request, "200 OK", lines, body_for(request));
}

Reply counts(const Request& request, Ledger& ledger) {
  return respond(request, "200 OK", {"Content-Type: application/json"}, ledger.counts());
}

Reply log(const Request& request, Ledger& ledger) {
  return respond(request, "200 OK", {"Content-Type: text/plain"}, ledger.log());
}

Reply reset_counts(const Request& request, Ledger& ledger) {
  ledger.reset();
  return respond(request, "200 OK", {}, "");
}

}  // namespace

Behaviours answers() {
  return {
      {"/ok", ok, "size= type=: 200 with origin_body(target, size)"},
      {"/echo", echo, "the request as JSON: method, target, headers, body"},
      {"/status", status, "/NNN size=: that status"},
      {"/early-hints", early_hints, "size=: 103, then 200"},
      {"/no-content-body", no_content_body, "204, followed by bytes"},
      {"/not-modified", not_modified, "304 with a Content-Length"},
      {"/conditional", conditional, "etag= size=: 304 where If-None-Match says so"},
      {"/head-length", head_length, "length=: for HEAD and GET alike"},
      {"/partial", partial, "size=: 206 though nobody asked"},
      {"/cookies", cookies, "n= bytes=: many cookies"},
      {"/counts", counts, "requests and connections as JSON"},
      {"/log", log, "a line a request: ms-since-start target method host"},
      {"/reset-counts", reset_counts, "forgets counts, log, and what failed before"},
  };
}

}  // namespace fetchpool::test
