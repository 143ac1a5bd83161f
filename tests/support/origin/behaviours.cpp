#include "support/origin/behaviours.h"

#include <string>
#include <unordered_map>

namespace fetchpool::test {
namespace {

const Behaviours& all_behaviours() {
  static const Behaviours all = [] {
    Behaviours list;
    for (auto* group : {answers, failures, redirects, timings, closings, framings, heads, floods,
                        encodings, bombs})
      for (const Behaviour& behaviour : group()) list.push_back(behaviour);
    return list;
  }();
  return all;
}

Reply list_all(const Request& request) {
  std::string text = "STORE  any path; raw=1: the body is served for GET from then on\n";
  for (const Behaviour& behaviour : all_behaviours())
    text += std::string(behaviour.name) + "  " + std::string(behaviour.summary) + "\n";
  return respond(request, "200 OK", {"Content-Type: text/plain"}, text);
}

Reply store(const Request& request, Ledger& ledger) {
  ledger.put(request.path(), {request.body, request.number("raw", 0) != 0});
  return respond(request, "201 Created", {}, "");
}

Reply serve(const Request& request, const Ledger::Page& page) {
  if (page.raw) return Reply().send(page.body);
  return respond(request, "200 OK", {"Content-Type: text/html; charset=utf-8"}, page.body);
}

}  // namespace

Reply reply_to(const Request& request, Ledger& ledger) {
  static const std::unordered_map<std::string_view, const Behaviour*> by_name = [] {
    std::unordered_map<std::string_view, const Behaviour*> names;
    for (const Behaviour& behaviour : all_behaviours()) names[behaviour.name] = &behaviour;
    return names;
  }();
  if (request.method == "STORE") return store(request, ledger);
  if (const Ledger::Page* page = ledger.page(request.path())) return serve(request, *page);
  if (request.path() == "/") return list_all(request);
  auto found = by_name.find(request.prefix());
  if (found == by_name.end())
    return respond(request, "404 Not Found", {"Content-Type: text/plain"},
                   "there is no " + request.target + "\n");
  return found->second->reply(request, ledger);
}

}  // namespace fetchpool::test
