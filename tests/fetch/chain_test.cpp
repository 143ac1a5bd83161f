#include "fetch/chain.h"

#include "support/catch.h"

using namespace fetchpool;
using namespace std::chrono_literals;
using namespace engine;

namespace {

const auto kDate = std::chrono::system_clock::time_point{};

Chain chain_of(const std::string& url) {
  return {url, std::get<Url>(parse_url(url)), "GET"};
}

Chain chain_of(FetchRequest request) {
  Url url = std::get<Url>(parse_url(request.url));
  return {std::move(request), std::move(url), {}};
}

HopResult answered(int code) {
  HopResult hop;
  hop.outcome = code >= 200 && code < 300 ? Outcome::ok : Outcome::http_error;
  hop.response_code = code;
  return hop;
}

HopResult redirected(const std::string& location) {
  HopResult hop = answered(302);
  hop.locations = {location};
  hop.times.total = 1'000'000;
  return hop;
}

template <typename Step>
bool is(const NextStep& step) {
  return std::holds_alternative<Step>(step);
}

}  // namespace

TEST_CASE("a page that is there is final at once", "[fetch]") {
  Chain chain = chain_of("http://a/");
  CHECK(chain.next_hop({}).url == "http://a/");
  HopResult hop = answered(200);
  CHECK(is<Final>(chain.after(hop, {}, 0, kDate, 0s)));
  FetchResult result = chain.result(std::move(hop), 1s);
  CHECK(result.ok());
  CHECK(result.num_attempts == 1);
}

TEST_CASE("a redirect is another hop of the same attempt, with what is left of its time",
          "[fetch]") {
  FetchOptions options;
  options.max_time = 5s;
  Chain chain = chain_of("http://a/");
  CHECK(chain.next_hop(options).time_left == 5s);
  HopResult hop = redirected("/b");
  REQUIRE(is<NextHop>(chain.after(hop, options, 0, kDate, 0s)));
  HopRequest next = chain.next_hop(options);
  CHECK(next.url == "http://a/b");
  CHECK(next.time_left == 4s);
  CHECK(chain.attempts() == 1);
  HopResult last = answered(200);
  CHECK(is<Final>(chain.after(last, options, 0, kDate, 0s)));
  FetchResult result = chain.result(std::move(last), 2s);
  CHECK(result.url == "http://a/");
  CHECK(result.url_effective == "http://a/b");
  REQUIRE(result.redirects.size() == 1);
  CHECK(result.redirects[0].location == "/b");
  CHECK(result.redirects[0].response_code == 302);
  CHECK(result.times.redirect == Approx(1.0));
}

TEST_CASE("a retry goes on at the hop that failed, with all of its time", "[fetch]") {
  FetchOptions options;
  options.max_time = 5s;
  Chain chain = chain_of("http://a/");
  chain.next_hop(options);
  HopResult hop = redirected("/b");
  chain.after(hop, options, 0, kDate, 0s);
  chain.next_hop(options);
  HopResult failure = answered(503);
  CHECK(is<NextAttempt>(chain.after(failure, options, 0.5, kDate, 0s)));
  HopRequest next = chain.next_hop(options);
  CHECK(next.url == "http://a/b");
  CHECK(next.time_left == 5s);
  CHECK(chain.attempts() == 2);
}

TEST_CASE("attempts end after the retries", "[fetch]") {
  FetchOptions options;
  options.retries = 2;
  Chain chain = chain_of("http://a/");
  for (int attempt = 1; attempt <= 2; ++attempt) {
    chain.next_hop(options);
    HopResult failure = answered(503);
    REQUIRE(is<NextAttempt>(chain.after(failure, options, 0, kDate, 0s)));
  }
  chain.next_hop(options);
  HopResult failure = answered(503);
  CHECK(is<Final>(chain.after(failure, options, 0, kDate, 0s)));
  CHECK(chain.attempts() == 3);
}

TEST_CASE("a stale connection and a local shortage do not count", "[fetch]") {
  Chain chain = chain_of("http://a/");
  chain.next_hop({});
  HopResult stale;
  stale.outcome = Outcome::empty_reply;
  stale.stale_connection = true;
  REQUIRE(is<SameAgain>(chain.after(stale, {}, 0, kDate, 0s)));
  CHECK(chain.next_hop({}).fresh_connection);
  HopResult shortage;
  shortage.outcome = Outcome::connect;
  shortage.local_shortage = true;
  auto step = chain.after(shortage, {}, 0, kDate, 0s);
  REQUIRE(is<SameAgain>(step));
  CHECK(std::get<SameAgain>(step).local_shortage);
  chain.next_hop({});
  CHECK(chain.attempts() == 1);
}

TEST_CASE("a loop ends as too many redirects", "[fetch]") {
  Chain chain = chain_of("http://a/");
  chain.next_hop({});
  HopResult hop = redirected("/b");
  REQUIRE(is<NextHop>(chain.after(hop, {}, 0, kDate, 0s)));
  chain.next_hop({});
  HopResult back = redirected("/");
  CHECK(is<Final>(chain.after(back, {}, 0, kDate, 0s)));
  CHECK(back.outcome == Outcome::too_many_redirects);
}

TEST_CASE("a request brings its own method, headers, body and time", "[fetch]") {
  Chain chain = chain_of(FetchRequest{.url = "http://a/",
                                      .id = "7",
                                      .out = "seven",
                                      .method = "PUT",
                                      .headers = {{"X", "1"}},
                                      .body = "data",
                                      .max_time = 5s});
  HopRequest hop = chain.next_hop({});
  CHECK(hop.method == "PUT");
  CHECK(hop.content == HopRequest::Content::own);
  CHECK(hop.body == "data");
  CHECK(hop.headers == std::vector<HeaderLine>{{"X", "1"}});
  CHECK(hop.time_left == 5s);
  FetchResult result = chain.result(answered(200), 1s);
  CHECK(result.id == "7");
  CHECK(result.out == "seven");
  CHECK(result.method == "PUT");
}

TEST_CASE("a redirect that makes a GET of a POST takes the body away, another one does not",
          "[fetch]") {
  for (int code : {301, 302, 303, 307, 308}) {
    CAPTURE(code);
    Chain chain = chain_of(FetchRequest{.url = "http://a/", .body = "data"});
    CHECK(chain.next_hop({}).method == "POST");
    HopResult hop = redirected("/b");
    hop.response_code = code;
    CHECK(is<NextHop>(chain.after(hop, {}, 0, kDate, 0s)));
    HopRequest next = chain.next_hop({});
    bool kept = code >= 307;
    CHECK(next.method == (kept ? "POST" : "GET"));
    CHECK(next.content == (kept ? HopRequest::Content::own : HopRequest::Content::dropped));
    CHECK(next.body == (kept ? "data" : ""));
  }
}

TEST_CASE("a POST that may have arrived is not sent again unless asked", "[fetch]") {
  FetchOptions asked;
  asked.retry_non_idempotent = true;
  HopResult failed;
  failed.outcome = Outcome::reset;
  failed.request_sent = true;
  HopResult stale = failed;
  stale.stale_connection = true;
  HopResult shortage = failed;
  shortage.local_shortage = true;
  for (const HopResult& end : {failed, stale, shortage}) {
    for (const char* method : {"POST", "PATCH", "OTHER"}) {
      HopResult hop = end;
      Chain chain = chain_of(FetchRequest{.url = "http://a/", .method = method});
      chain.next_hop({});
      CHECK(is<Final>(chain.after(hop, {}, 0, kDate, 0s)));
      Chain again = chain_of(FetchRequest{.url = "http://a/", .method = method});
      again.next_hop(asked);
      CHECK_FALSE(is<Final>(again.after(hop, asked, 0, kDate, 0s)));
    }
    HopResult hop = end;
    Chain chain = chain_of(FetchRequest{.url = "http://a/", .method = "PUT"});
    chain.next_hop({});
    CHECK_FALSE(is<Final>(chain.after(hop, {}, 0, kDate, 0s)));
  }
  HopResult refused;
  refused.outcome = Outcome::timeout_connect;
  Chain chain = chain_of(FetchRequest{.url = "http://a/", .method = "POST"});
  chain.next_hop({});
  CHECK(is<NextAttempt>(chain.after(refused, {}, 0, kDate, 0s)));
}
