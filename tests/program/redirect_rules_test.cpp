// Which redirects are followed, and what of a request goes along.
#include "program/outcome_case.h"
#include "support/catch.h"
#include "support/test_ca.h"

namespace fetchpool::test {
namespace {

TEST_CASE("122: https leads to http only with --allow-downgrade") {
  TestCa ca;
  Origin origin({.certificate = ca.valid()});
  std::string down = origin.tls_url("/location?to=" + origin.url("/ok"));
  auto fetched = [&](const std::vector<std::string>& arguments) {
    Command command = fetchpool({"--cacert", ca.file(), down}).args(arguments);
    return read_records(command.run().out).at(0);
  };
  Record refused = fetched({});
  CHECK(refused.outcome == "redirect_denied");
  CHECK(refused.response_code == 302);
  CHECK_THAT(refused.error, ContainsSubstring("--allow-downgrade"));
  CHECK(origin.counts("/ok").requests == 0);
  CHECK(fetched({"--allow-downgrade"}).outcome == "ok");
  // Up is always fine.
  std::string up = origin.url("/location?to=" + origin.tls_url("/ok"));
  CHECK(read_records(fetchpool({"--cacert", ca.file(), up}).run().out).at(0).outcome == "ok");
}

// What a request may hold that is nobody else's business.
const std::vector<std::vector<std::string>> secrets = {
    {"-H", "X-Api-Key: canary"},       {"-H", "Authorization: Bearer canary"},
    {"-H", "Cookie: session=canary"},  {"-H", "Proxy-Authorization: Basic canary"},
    {"-H", "Referer: http://canary/"}, {"-H", "Host: canary"},
    {"-H", "X-Forwarded-For: canary"},
};

TEST_CASE("121: secrets stay at the origin of the URL in the list") {
  TestCa ca;
  Origin home({.addresses = {"127.0.0.1", "127.0.0.2"}, .certificate = ca.valid()});
  Origin other_port;
  std::string echo = home.url("/echo");
  struct Way {
    const char* name;
    std::string from;
    std::string to;
    bool same_origin;
  };
  const std::vector<Way> ways = {
      {"same origin", home.url(""), echo, true},
      {"other port", home.url(""), other_port.url("/echo"), false},
      {"other host", home.url(""), home.url("127.0.0.2", "/echo"), false},
      {"other scheme", home.url(""), home.tls_url("/echo"), false},
      {"downgrade", home.tls_url(""), echo, false},
      {"away and back", home.url(""), other_port.url("/location%3Fto=" + home.url("/echo")), false},
  };
  for (const auto& secret : secrets) {
    for (const Way& way : ways) {
      INFO(way.name << ", " << secret[1]);
      auto seen = [&](const std::vector<std::string>& arguments) {
        Finished done = fetchpool({"--cacert", ca.file(), "--allow-downgrade"})
                            .args(arguments)
                            .args(secret)
                            .args({"-H", "Accept-Language: de", "-H", "Cache-Control: no-cache"})
                            .arg(way.from + "/location?to=" + way.to)
                            .run();
        Record record = read_records(done.out).at(0);
        INFO(record.error);
        CHECK(record.outcome == "ok");
        CHECK_THAT(record.body.value_or(""), ContainsSubstring("\"de\""));
        CHECK_THAT(record.body.value_or(""), ContainsSubstring("no-cache"));
        return record.body.value_or("").find("canary") != std::string::npos;
      };
      CHECK(seen({}) == way.same_origin);
      CHECK(seen({"--location-trusted"}));
    }
  }
}

TEST_CASE("114: a chain that goes round or on for ever is in the record") {
  Origin origin;
  for (const char* target : {"/redirect-loop", "/redirect/30"}) {
    Finished done = fetchpool({origin.url(target)}).run();
    Record record = read_records(done.out).at(0);
    CHECK(record.outcome == "too_many_redirects");
    CHECK(record.num_attempts == 1);
    CHECK(record.num_redirects >= 1);
    CHECK(record.num_redirects <= 20);
    CHECK_THAT(done.out, ContainsSubstring("\"redirects\":[{\"url\":\"" + origin.url(target)));
  }
}

}  // namespace
}  // namespace fetchpool::test
