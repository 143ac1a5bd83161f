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
    {"-H", "X-Api-Key: canary"},
    {"-H", "Authorization: Bearer canary"},
    {"-H", "Cookie: session=canary"},
    {"-H", "Proxy-Authorization: Basic canary"},
    {"-H", "Referer: http://canary/"},
    {"-H", "Host: canary"},
    {"-H", "X-Forwarded-For: canary"},
    {"-u", "me:canary"},
    {"--oauth2-bearer", "canary"},
    {"-b", "session=canary"},
    {"-e", "http://canary/"},
    // Of the line of a list.
    {R"("X-Api-Key":"canary")"},
    {R"("Authorization":"Bearer canary")"},
};

// Of "me:canary", as Basic authentication has it.
constexpr const char* kEncodedCanary = "bWU6Y2FuYXJ5";

bool holds_canary(const Record& record) {
  std::string seen = record.body.value_or("");
  return seen.find("canary") != std::string::npos || seen.find(kEncodedCanary) != std::string::npos;
}

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
      INFO(way.name << ", " << secret.back());
      std::string url = way.from + "/location?to=" + way.to;
      bool of_line = secret.size() == 1;
      std::string line =
          of_line ? "{\"url\":\"" + url + "\",\"headers\":{" + secret[0] + "}}" : url;
      auto seen = [&](const std::vector<std::string>& arguments) {
        Finished done = fetchpool({"--cacert", ca.file(), "--allow-downgrade"})
                            .args(arguments)
                            .args(of_line ? std::vector<std::string>{} : secret)
                            .args({"-H", "Accept-Language: de", "-H", "Cache-Control: no-cache"})
                            .stdin_text(line + "\n")
                            .run();
        Record record = read_records(done.out).at(0);
        INFO(record.error);
        CHECK(record.outcome == "ok");
        CHECK_THAT(record.body.value_or(""), ContainsSubstring("\"de\""));
        CHECK_THAT(record.body.value_or(""), ContainsSubstring("no-cache"));
        return holds_canary(record);
      };
      CHECK(seen({}) == way.same_origin);
      CHECK(seen({"--location-trusted"}));
    }
  }
}

TEST_CASE("057: a user name in a URL is refused, or with --allow-userinfo for its origin only") {
  Origin home;
  Origin other;
  auto with_user = [](const std::string& url) { return "http://me:canary@" + url.substr(7); };
  auto fetched = [&](const std::string& url, const std::vector<std::string>& arguments) {
    Finished done = fetchpool(arguments).arg("-vv").stdin_text(url + "\n").run();
    CHECK((done.out + done.err).find("canary@") == std::string::npos);
    return read_records(done.out).at(0);
  };
  std::string echo = with_user(home.url("/echo"));
  Record refused = fetched(echo, {});
  CHECK(refused.outcome == "bad_url");
  CHECK_THAT(refused.error, ContainsSubstring("--allow-userinfo"));
  CHECK(home.requests() == 0);
  // Rather than what is said for all.
  Record sent = fetched(echo, {"--allow-userinfo", "-u", "all:others"});
  CHECK(sent.outcome == "ok");
  CHECK_THAT(sent.body.value_or(""), ContainsSubstring(kEncodedCanary));
  CHECK(sent.input == home.url("/echo").insert(7, "***@"));
  CHECK(sent.url == home.url("/echo"));
  struct Way {
    std::string target;
    bool stays;
  };
  for (const Way& way :
       {Way{"/location?to=/echo", true}, Way{"/redirect/3?to=/echo", true},
        Way{"/location?to=" + other.url("/echo"), false},
        Way{"/location?to=" + other.url("/location%3Fto=" + home.url("/echo")), false}}) {
    INFO(way.target);
    Record record = fetched(with_user(home.url(way.target)), {"--allow-userinfo"});
    CHECK(record.outcome == "ok");
    CHECK(holds_canary(record) == way.stays);
  }
  // Without a password, with percent-encoding, and what is not meant as one.
  std::string odd = "http://a%3Ab%40@" + home.url("/echo").substr(7);
  CHECK_THAT(fetched(odd, {"--allow-userinfo"}).body.value_or(""),
             ContainsSubstring("Basic YTpiQDo=\""));
  // What a server says is no word of the user's.
  std::string to_user = home.url("/location?to=" + echo);
  Finished denied = fetchpool({"--allow-userinfo", to_user}).run();
  CHECK(read_records(denied.out).at(0).outcome == "redirect_denied");
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
