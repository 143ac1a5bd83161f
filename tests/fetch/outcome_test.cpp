#include "fetchpool/outcome.h"

#include <cerrno>
#include <set>
#include <string>

#include "fetch/hop_outcome.h"
#include "support/catch.h"

namespace fetchpool {

namespace {

Outcome outcome(int i) {
  return static_cast<Outcome>(i);
}

}  // namespace

TEST_CASE("every outcome has a name of its own that leads back to it", "[outcome]") {
  std::set<std::string_view> names;
  for (int i = 0; i < kOutcomeCount; ++i) {
    CHECK(outcome_from_name(name(outcome(i))) == outcome(i));
    names.insert(name(outcome(i)));
  }
  CHECK(names.size() == std::size_t{kOutcomeCount});
  CHECK(name(Outcome::ok) == "ok");
  CHECK(name(Outcome::timeout_connect) == "timeout_connect");
}

TEST_CASE("what is no outcome's name is nothing", "[outcome]") {
  for (const char* text : {"", "OK", "ok ", "invalid_url", "redirect_limit"}) {
    CHECK_FALSE(outcome_from_name(text));
  }
}

TEST_CASE("an outcome that its list wanted is a success and exits with 0", "[outcome]") {
  const std::set<Outcome> successes{Outcome::ok, Outcome::skipped_existing, Outcome::not_modified,
                                    Outcome::duplicate};
  for (int i = 0; i < kOutcomeCount; ++i) {
    INFO(name(outcome(i)));
    CHECK(is_success(outcome(i)) == (successes.count(outcome(i)) == 1));
    CHECK(is_success(outcome(i)) == (exit_code(outcome(i), 200) == 0));
  }
}

TEST_CASE("an answer without sense is no reset, whatever a kept connection met before",
          "[outcome]") {
  engine::ResponseHead head;
  engine::Observed seen;
  seen.head = &head;
  seen.socket_opened = seen.tcp_connected = seen.connection_ready = true;
  seen.socket_errno = ECONNRESET;
  seen.failure = engine::Observed::Failure::other;
  CHECK(engine::decide_outcome(seen).outcome == Outcome::reset);
  seen.failure = engine::Observed::Failure::not_http;
  CHECK(engine::decide_outcome(seen).outcome == Outcome::protocol);
  seen.failure = engine::Observed::Failure::header_limit;
  CHECK(engine::decide_outcome(seen).outcome == Outcome::headers_too_large);
}

TEST_CASE("exit codes tell kinds of failures apart", "[outcome]") {
  struct Row {
    Outcome outcome;
    int response_code;
    int exit_code;
  };
  const Row rows[] = {
      {Outcome::dns, 0, 4},
      {Outcome::connect, 0, 4},
      {Outcome::timeout, 0, 4},
      {Outcome::timeout_connect, 0, 4},
      {Outcome::low_speed, 200, 4},
      {Outcome::empty_reply, 0, 4},
      {Outcome::reset, 200, 4},
      {Outcome::truncated, 200, 4},
      {Outcome::worker_crash, 0, 4},
      {Outcome::tls, 0, 5},
      {Outcome::http_error, 401, 6},
      {Outcome::http_error, 407, 6},
      {Outcome::http_error, 404, 8},
      {Outcome::http_error, 302, 8},
      {Outcome::http_error, 999, 8},
      {Outcome::truncated, 401, 4},
      {Outcome::bad_url, 0, 7},
      {Outcome::unsupported_scheme, 0, 7},
      {Outcome::addr_denied, 0, 7},
      {Outcome::protocol, 0, 7},
      {Outcome::decode, 200, 7},
      {Outcome::too_large, 200, 7},
      {Outcome::robots, 0, 7},
      {Outcome::headers_too_large, 0, 7},
      {Outcome::redirect_denied, 302, 7},
      {Outcome::too_many_redirects, 302, 7},
      {Outcome::cancelled, 0, 9},
  };
  for (const Row& row : rows) {
    INFO(name(row.outcome) << " " << row.response_code);
    CHECK(exit_code(row.outcome, row.response_code) == row.exit_code);
  }
}

}  // namespace fetchpool
